"""Drift between the interface that a client was generated from and the live one."""
