"""The generated client of a Space, in `client`."""
