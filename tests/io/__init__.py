"""HTTP with one app: retries, credentials, redirects, bodies, streams, uploads."""
