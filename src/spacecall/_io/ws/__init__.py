"""WebSockets, which Gradio 3 uses for its queue. They need the extra `ws`."""
