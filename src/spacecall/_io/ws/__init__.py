"""Websockets, which Gradio 3 speaks: they need the extra `ws`."""
