"""Shared by the commands: credentials, exit codes, signals, paths."""
