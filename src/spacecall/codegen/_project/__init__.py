"""A project's clients: their configuration, files, checks and updates."""
