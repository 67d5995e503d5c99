"""An app with files of its own: defaults, chat messages with components, component updates.

Run:  python app_files.py --port 7860
"""

import argparse
import os
import tempfile

import gradio as gr
from PIL import Image

MAJOR = int(gr.__version__.split(".")[0])
FOLDER = tempfile.mkdtemp()
PICTURE, TEXT = os.path.join(FOLDER, "red.png"), os.path.join(FOLDER, "note.txt")
Image.new("RGB", (8, 6), "red").save(PICTURE)
with open(TEXT, "w") as file:
    file.write("a note")


def size(file):
    return 0 if file is None else os.path.getsize(file)


def sizes(files):
    return [os.path.getsize(file) for file in files or []]


def pictures(gallery):
    return [os.path.getsize(path) for path, _ in gallery or []]


def message():
    return [{"role": "assistant", "content": gr.Image(PICTURE)}]


def wider(image: gr.Image):
    if MAJOR < 6:
        return image
    image.width = 400
    return image


with gr.Blocks(title="files") as demo:
    image, shown = gr.Image(value=PICTURE, type="filepath", label="image"), gr.Image(label="shown")
    files = gr.File(value=[TEXT, TEXT], file_count="multiple", label="files")
    gallery = gr.Gallery(value=[PICTURE, (PICTURE, "red")], type="filepath", label="gallery")
    plain = gr.Image(type="filepath", label="plain")
    number, found = gr.Number(label="bytes"), gr.JSON(label="found")
    kw = {"type": "messages"} if MAJOR == 5 else {}
    chat = gr.Chatbot(label="chat", **kw)
    gr.Button().click(lambda image: image, image, shown, api_name="same")
    gr.Button().click(size, image, number, api_name="size")
    gr.Button().click(size, plain, number, api_name="plain_size")
    gr.Button().click(sizes, files, found, api_name="sizes")
    gr.Button().click(pictures, gallery, found, api_name="pictures")
    gr.Button().click(message, None, chat, api_name="message")
    gr.Button().click(lambda chat: chat, chat, chat, api_name="again")
    gr.Button().click(lambda: gr.update(value=PICTURE, label="new"), None, shown, api_name="update")
    gr.Button().click(lambda: gr.Image(value=PICTURE), None, shown, api_name="component")
    gr.Button().click(wider, image, image, api_name="wider")
    gr.Button().click(lambda any: any, found, found, api_name="give_json")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    demo.queue().launch(
        server_name="127.0.0.1",
        server_port=parser.parse_args().port,
        quiet=True,
        show_error=True,
        allowed_paths=[FOLDER],
    )
