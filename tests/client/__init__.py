"""The client against real Gradio apps."""
