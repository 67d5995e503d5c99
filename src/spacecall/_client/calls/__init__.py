"""Calls, from arguments to results."""
