"""Compare the app that a client was generated from with the live app."""
