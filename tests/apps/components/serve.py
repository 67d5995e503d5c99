"""Serves small apps for every kind of component: each under a path of its own.

python serve.py --port 7860, then http://127.0.0.1:7860/<name of the app>
"""
import argparse
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_SSR_MODE", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import chats
import choices
import data
import fastapi
import functions
import gradio as gr
import media
import names
import quantities
import own
import pictures
import uvicorn
import words

APPS = {
    name: app
    for module in (words, quantities, choices, data, pictures, media, chats, functions, names, own)
    for name, app in module.APPS.items()
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    port = parser.parse_args().port
    server = fastapi.FastAPI()

    @server.get("/config")
    def config():
        return {"apps": list(APPS)}

    for name, app in APPS.items():
        gr.mount_gradio_app(server, app, f"/{name}")
    uvicorn.run(server, port=port, log_level="warning")
