"""An app that returns the negative of an image, and prints the row that its first pixel names.

Run:  python negative_app.py --port 7860
"""

import argparse
import os
import tempfile
import time

import gradio as gr
from PIL import Image, ImageChops

FOLDER = tempfile.mkdtemp()


def negative(image):
    with Image.open(image) as opened:
        picture = opened.convert("RGB")
    red, green, blue = picture.getpixel((0, 0))
    row = red << 16 | green << 8 | blue
    print(f"row {row} start", flush=True)
    time.sleep(0.02)
    path = os.path.join(FOLDER, f"{row}.png")
    ImageChops.invert(picture).save(path)
    print(f"row {row} end", flush=True)
    return path


with gr.Blocks() as demo:
    image = gr.Image(type="filepath", format="png")
    result = gr.Image(format="png")
    image.upload(negative, image, result, api_name="negative", concurrency_limit=8)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    demo.launch(server_port=parser.parse_args().port)
