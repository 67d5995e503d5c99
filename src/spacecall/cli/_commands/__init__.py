"""The commands, a module each: its options and its help texts."""
