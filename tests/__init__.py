"""The tests: a mirror of `src/spacecall`, run against real Gradio apps on this machine."""
