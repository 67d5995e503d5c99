"""Files, sound, film, models in space."""
import os
import tempfile

import gradio as gr
from common import offer, same


def write(text, name="note.txt"):
    path = os.path.join(tempfile.mkdtemp(), name)
    with open(path, "w") as file:
        file.write(text)
    return path


with gr.Blocks(title="Files") as files:
    offer(same, gr.File(label="One"), gr.File(label="Same"), "one")
    offer(lambda files: files[::-1], gr.File(label="Several", file_count="multiple"), gr.File(label="Turned", file_count="multiple"), "several")
    offer(lambda file: open(file).read(), gr.File(label="Table", file_types=[".csv", ".txt"]), gr.Textbox(label="Content"), "read")
    offer(lambda data: data.decode().upper(), gr.File(label="Bytes", type="binary"), gr.Textbox(label="Content"), "bytes")
    offer(lambda text, name: write(text, name), [gr.Textbox(label="Text"), gr.Textbox(label="Name", value="made file é.txt")], gr.File(label="Made"), "make")
    offer(lambda text: gr.DownloadButton(value=write(text), label="There"), gr.Textbox(label="Text"), gr.DownloadButton("Download"), "download")
    offer(lambda file: os.path.basename(file), gr.UploadButton("Upload", file_types=["image", ".txt"]), gr.Textbox(label="Name"), "upload")
    offer(lambda: None, None, gr.File(label="Nothing"), "nothing")

with gr.Blocks(title="Sound") as sound:
    offer(same, gr.Audio(type="filepath", label="Sound"), gr.Audio(label="Same"), "same")
    offer(lambda sound: (sound[0], sound[1][::-1]), gr.Audio(type="numpy", label="Sound"), gr.Audio(label="Reversed", format="wav"), "reverse")
    offer(lambda sound: "nothing" if sound is None else "sound", gr.Audio(type="filepath", label="Sound"), gr.Textbox(), "any")

with gr.Blocks(title="Film") as film:
    offer(same, gr.Video(label="Film"), gr.Video(label="Same"), "same")
    offer(lambda film, words: (film, words), [gr.Video(label="Film"), gr.File(label="Words", file_types=[".srt"])], gr.Video(label="With words"), "subtitles")

with gr.Blocks(title="Model") as model:
    offer(same, gr.Model3D(label="Model"), gr.Model3D(label="Same"), "same")

APPS = {"files": files, "sound": sound, "film": film, "model": model}
