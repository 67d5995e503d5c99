"""The network: the only package that imports httpx and httpx_sse. Errors are mapped here."""
