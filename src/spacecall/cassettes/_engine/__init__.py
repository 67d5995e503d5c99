"""Recording and replaying: between httpx and the network."""
