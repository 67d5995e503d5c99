"""Clients of particular Spaces, one package each; import the package that you need."""
