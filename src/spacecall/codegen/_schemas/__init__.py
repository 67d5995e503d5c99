"""The schema documents of an app, and the folder that holds them."""
