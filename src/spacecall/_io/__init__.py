"""Requests to apps and to the Hub over HTTP; every failure becomes an error of `spacecall.errors`.

`_http` is the only module that imports an HTTP library: httpx, or httpx2 where httpx is missing.
"""
