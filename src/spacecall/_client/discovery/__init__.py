"""Find an app, open it, and read its description."""
