"""Write results, events and tables to the terminal."""
