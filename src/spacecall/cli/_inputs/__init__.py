"""Parse flags, JSON and stdin into the arguments of a call, and complete them in the shell."""
