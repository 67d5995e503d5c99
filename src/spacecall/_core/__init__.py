"""The protocol without its input and output: messages in, events out."""
