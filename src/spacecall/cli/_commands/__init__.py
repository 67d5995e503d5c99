"""One module per command, named after it: its options and its help."""
