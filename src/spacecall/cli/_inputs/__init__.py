"""Read flags, JSON and stdin into arguments; complete them in the shell."""
