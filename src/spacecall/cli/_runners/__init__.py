"""Carry out the commands that take more than a few lines."""
