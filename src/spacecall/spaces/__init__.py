"""Clients of particular Spaces, one package each. Import the one you need: none is loaded here."""
