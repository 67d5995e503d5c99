"""Benchmarks: ratios and seconds of one run, no part of the tests."""
