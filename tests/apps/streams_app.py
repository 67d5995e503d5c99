"""Streams in both directions, one text for every Gradio generation: webcam, microphone, streamed audio and video.

Gradio 5 and 6 encode streamed media with ffmpeg. Here the bytes of each part stay as the function gave them, so
that no ffmpeg is needed; playlists, routes and queue are Gradio's own.
"""

from __future__ import annotations

import argparse
import inspect
import os
import tempfile
import time

import gradio as gr

V = tuple(int(part) for part in gr.__version__.split(".")[:2])


def fitting(target, *args, **options):
    """Call with the options that this release knows."""
    names = inspect.signature(target.__init__ if inspect.isclass(target) else target).parameters
    return target(*args, **{name: options[name] for name in options if name in names})


def size_of(path):
    return os.path.getsize(path) if path else 0


def see(frame, text, turns):
    turns = (turns or 0) + 1
    print(f"see {text} {turns} {size_of(frame)}", flush=True)
    return f"{text}{turns}", turns


def slow(frame, text):
    print(f"slow start {text}", flush=True)
    time.sleep(float(text))
    return text


def unlimited(frame):
    return "seen"


def fail(frame, text):
    if text == "fail":
        raise gr.Error("no film")
    return text


def listen(chunk, heard):
    heard = (heard or 0) + size_of(chunk)
    return heard, heard


def speak(count, pause, fails=False):
    for number in range(int(count)):
        yield f"part {number};".encode()
        time.sleep(float(pause))
    if fails:
        raise gr.Error("hoarse")


def film(count):
    for number in range(int(count)):
        path = os.path.join(tempfile.mkdtemp(), "part.ts")
        with open(path, "wb") as file:
            file.write(f"scene {number};".encode())
        yield path


async def encode(data):
    return data, 0.5


if V >= (6,):
    gr.Audio._encode_chunk = lambda self, output_id, data: {"data": data, "duration": 0.5, "extension": ".aac"}
    gr.Video._encode_chunk = lambda self, output_id, path: {
        "data": open(path, "rb").read(), "duration": 2.0, "extension": ".ts"
    }
    import gradio.processing_utils
    gradio.processing_utils.require_ffmpeg = lambda *names: None
elif V >= (5,):
    gr.Audio.covert_to_adts = staticmethod(encode)
    gr.Video.get_video_duration_ffprobe = staticmethod(lambda path: 2.0)


async def join_video(self, stream, desired_output_format=None, only_file=False):
    from gradio.data_classes import FileData

    path = os.path.join(tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR")), "video.mp4")
    with open(path, "wb") as file:
        file.write(b"".join(stream))
    return FileData(path=path)


if V >= (5,):
    gr.Video.combine_stream = join_video

with gr.Blocks() as demo:
    camera = fitting(gr.Image, sources=["webcam"], source="webcam", streaming=True, type="filepath", label="frame")
    microphone = fitting(
        gr.Audio, sources=["microphone"], source="microphone", streaming=True, type="filepath", label="chunk"
    )
    text, number, state = gr.Textbox(label="text"), gr.Number(label="number"), gr.State()
    seconds, fails = gr.Number(label="pause"), gr.Checkbox(label="fails")
    voice = fitting(gr.Audio, streaming=True, autoplay=True, label="voice")
    button = gr.Button()

    def stream(source, function, inputs, outputs, name, limit):
        fitting(source.stream, function, inputs, outputs, api_name=name, time_limit=limit)

    stream(camera, see, [camera, text, state], [text, state], "see", 20)
    stream(camera, see, [camera, text, state], [text, state], "brief", 1)
    stream(camera, slow, [camera, text], text, "slow", 20)
    stream(camera, unlimited, camera, text, "unlimited", None)
    stream(camera, fail, [camera, text], text, "fail", 20)
    stream(microphone, listen, [microphone, state], [number, state], "listen", 20)
    button.click(speak, [number, seconds, fails], voice, api_name="speak")
    if V >= (5,):
        button.click(film, number, gr.Video(streaming=True, label="film"), api_name="film")
    button.click(lambda file: size_of(getattr(file, "name", file)), gr.File(label="file"), number, api_name="measure")
    button.click(lambda text: text, text, text, api_name="echo")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    demo.queue()
    demo.launch(server_name="127.0.0.1", server_port=parser.parse_args().port, quiet=True)
