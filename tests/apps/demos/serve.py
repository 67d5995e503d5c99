"""Serves the demo apps, each under a path of its own.

python serve.py --port 7860 --only greeting,calculator, then http://127.0.0.1:7860/greeting
"""
import argparse

import chats  # noqa: F401
import fastapi
import gradio as gr
import interfaces  # noqa: F401
import layouts  # noqa: F401
import media_apps  # noqa: F401
import memory  # noqa: F401
import streams  # noqa: F401
import uvicorn
import words  # noqa: F401
from registry import DEMOS, MEDIA

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else list(DEMOS)
    server = fastapi.FastAPI()
    # Read before anything is mounted: what is listed is there.
    listing = {name: DEMOS[name].options for name in chosen if name in DEMOS}

    @server.get("/config")
    def config():
        return {"apps": listing}

    for name in listing:
        gr.mount_gradio_app(
            server, DEMOS[name].build(), f"/{name}", allowed_paths=[MEDIA], show_error=True, **DEMOS[name].options
        )
    uvicorn.run(server, port=options.port, log_level="warning")
