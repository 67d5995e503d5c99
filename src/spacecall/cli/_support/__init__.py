"""What several commands share: access to apps, clients of the project, exit codes, signals."""
