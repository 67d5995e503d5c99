"""Write results, events and pages to the terminal, so that no text of an app can control it."""
