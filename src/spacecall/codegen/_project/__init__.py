"""A project's clients: their configuration and files, and how to add, check and refresh them."""
