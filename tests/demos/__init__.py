"""Small apps of every kind, called through dynamic, typed and gradio_client calls alike."""
