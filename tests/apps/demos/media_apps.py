"""Images, sounds, videos, files, plots, tables."""
import os

import gradio as gr
import numpy as np
import pandas as pd
from registry import V, demo, endpoint, media, write


def square(value, size=4):
    return np.full((size, size, 3), value, dtype=np.uint8)


@demo()
def picture_tools():
    with gr.Blocks() as app:
        image = gr.Image(label="Image")
        endpoint(lambda image: None if image is None else np.fliplr(image), image, gr.Image(format="png"), "flip")
        endpoint(lambda image: None if image is None else list(image.shape), image, gr.JSON(), "shape")
        endpoint(lambda path: os.path.getsize(path) if path else None, gr.Image(type="filepath", label="Path"), gr.Number(), "size")
        endpoint(lambda picture: picture.mode if picture else None, gr.Image(type="pil", image_mode="L", label="Gray"), gr.Textbox(), "mode")
        endpoint(lambda: square(200), None, gr.Image(format="png"), "make")
        endpoint(lambda: media("red.png"), None, gr.Image(), "show")
        endpoint(lambda image: image, gr.Image(media("red.png"), type="filepath", label="With a default"), gr.Image(), "default")
    return app


@demo()
def picture_gallery():
    with gr.Blocks() as app:
        endpoint(lambda: [media("red.png"), (square(9), "nine")], None, gr.Gallery(format="png"), "make")
        endpoint(lambda pictures: [[len(pictures or []), [caption for _, caption in pictures or []]]], gr.Gallery(label="Pictures"), gr.JSON(), "count")
        endpoint(lambda pictures: pictures, gr.Gallery(type="filepath", label="Pictures"), gr.Gallery(), "same")
        endpoint(lambda: [], None, gr.Gallery(), "empty")
        endpoint(lambda: None, None, gr.Gallery(), "none")
    return app


@demo()
def marked_picture():
    with gr.Blocks() as app:
        endpoint(lambda: (square(0), [((0, 0, 2, 2), "corner"), (np.eye(4), "line")]), None, gr.AnnotatedImage(format="png"), "mark")
        editor = gr.ImageEditor(label="Drawing", type="filepath")
        def parts(drawing):
            return {key: bool(value) for key, value in (drawing or {}).items()}
        endpoint(parts, editor, gr.JSON())
        endpoint(lambda drawing: (drawing or {}).get("composite"), editor, gr.Image(), "composite")
        if V >= (5, 27):
            endpoint(lambda: (square(1), square(2)), None, gr.ImageSlider(format="png"), "compare")
            endpoint(lambda pair: pair and [bool(side) for side in pair], gr.ImageSlider(type="filepath", label="Pair"), gr.JSON(), "sides")
    return app


@demo()
def sound_tools():
    with gr.Blocks() as app:
        def reverse(sound):
            if sound is None:
                return None
            rate, samples = sound
            return rate, samples[::-1]
        endpoint(reverse, gr.Audio(label="Sound"), gr.Audio(format="wav"))
        endpoint(lambda path: os.path.getsize(path) if path else None, gr.Audio(type="filepath", label="Path"), gr.Number(), "size")
        endpoint(lambda: (8000, np.zeros(80, dtype=np.int16)), None, gr.Audio(), "silence")
        endpoint(lambda: media("tone.wav"), None, gr.Audio(), "tone")
    return app


@demo()
def moving_pictures():
    with gr.Blocks() as app:
        video = gr.Video(label="Video", include_audio=True)
        endpoint(lambda path: os.path.getsize(path) if path else None, video, gr.Number(), "size")
        endpoint(lambda path: path, video, gr.Video(), "same")
    return app


@demo()
def file_tools():
    with gr.Blocks() as app:
        file, out = gr.File(label="File"), gr.File(label="Out")
        endpoint(lambda text: write(text or "", "größe 1.txt"), gr.Textbox("text", label="Text"), out, "write")
        def read(path):
            return open(path, encoding="utf-8", errors="replace").read()[:50] if path else None
        endpoint(read, file, gr.Textbox())
        endpoint(lambda paths: [os.path.getsize(path) for path in paths or []], gr.File(file_count="multiple", label="Files"), gr.JSON(), "sizes")
        endpoint(lambda content: content and list(content[:4]), gr.File(type="binary", label="Bytes"), gr.JSON(), "bytes")
        endpoint(lambda: [write("a", "a.txt"), write("b", "b.txt")], None, gr.File(file_count="multiple"), "several")
        endpoint(lambda: [write("a", "a.txt"), write("b", "b.txt")], None, gr.File(), "several_untold")
        endpoint(lambda: [], None, gr.File(file_count="multiple"), "no_files")
        endpoint(lambda path: path, file, out, "same")
        endpoint(lambda path: path and os.path.basename(path), gr.UploadButton("Upload", label="Up"), gr.Textbox(), "upload")
        endpoint(lambda: write("down", "down.txt"), None, gr.DownloadButton("Load"), "download")
        endpoint(lambda: gr.DownloadButton(value=write("new", "new.txt"), visible=True), None, gr.DownloadButton("Load"), "download_update")
        endpoint(lambda path: path and os.path.basename(path), gr.File(file_types=[".txt"], label="Only text"), gr.Textbox(), "only_text")
    return app


@demo()
def file_browser():
    with gr.Blocks() as app:
        root = os.path.dirname(media("red.png"))
        single = gr.FileExplorer(glob="*.png", root_dir=root, file_count="single", label="One")
        several = gr.FileExplorer(glob="**/*", root_dir=root, label="Several")
        endpoint(lambda path: path and os.path.basename(path), single, gr.Textbox(), "choose")
        endpoint(lambda paths: [os.path.basename(path) for path in paths or []], several, gr.JSON(), "choose_several")
        endpoint(lambda: [media("red.png")], None, several, "select")
    return app


@demo()
def solid_shapes():
    with gr.Blocks() as app:
        endpoint(lambda: write("v 0 0 0\n", "point.obj"), None, gr.Model3D(), "make")
        endpoint(lambda path: path and os.path.splitext(path)[1], gr.Model3D(label="Model"), gr.Textbox(), "kind")
    return app


@demo()
def tables():
    with gr.Blocks() as app:
        frame = pd.DataFrame({"name": ["ann", "bob"], "age": [3, 4.5]})
        table = gr.Dataframe(frame, label="Table")
        def totals(table):
            return [[str(column), str(table[column].iloc[0]) if len(table) else ""] for column in table.columns]
        endpoint(totals, table, gr.JSON())
        endpoint(lambda rows: rows, gr.Dataframe(headers=["a", "b"], datatype=["str", "number"], type="array", label="Rows"), gr.Dataframe(headers=["a", "b"]), "same")
        endpoint(lambda: frame, None, gr.Dataframe(), "pandas")
        endpoint(lambda: np.array([[1, 2], [3, 4]]), None, gr.Dataframe(), "numpy")
        endpoint(lambda: {"headers": ["x"], "data": [[1], [None], ["<b>"]], "metadata": None}, None, gr.Dataframe(), "mapping")
        endpoint(lambda: pd.DataFrame({"when": pd.to_datetime(["2024-02-29"]), "what": [float("nan")], "flag": [True]}), None, gr.Dataframe(), "kinds")
        endpoint(lambda: frame.style.format(precision=1) if hasattr(pd, "io") and _has_jinja() else frame, None, gr.Dataframe(), "styled")
        endpoint(lambda: [[1, 2, 3]], None, gr.Dataframe(), "list")
        endpoint(lambda: None, None, gr.Dataframe(), "none")
    return app


def _has_jinja():
    try:
        import jinja2  # noqa: F401
    except ImportError:
        return False
    return True


@demo()
def charts():
    with gr.Blocks() as app:
        frame = pd.DataFrame({"x": [1, 2, 3], "y": [1.5, 4.0, 9.0], "kind": ["a", "b", "a"]})
        for kind in (gr.LinePlot, gr.ScatterPlot, gr.BarPlot):
            plot = kind(frame, x="x", y="y", color="kind")
            endpoint(lambda rows: frame.head(int(rows)), gr.Slider(0, 3, 2, step=1, label="Rows"), plot, kind.__name__.lower())
        endpoint(lambda: None, None, gr.LinePlot(x="x", y="y"), "no_plot")
    return app


@demo()
def every_output():
    with gr.Blocks() as app:
        def run():
            return "text", 1, True, 0.5, "b", "a", ["a"], {"k": 1}, [("x", "L")], {"good": 1.0}, [[1, "a"]], media("red.png"), media("tone.wav"), [media("red.png")], write("f", "f.txt"), "#00ff00"
        endpoint(run, None, [
            gr.Textbox(), gr.Number(), gr.Checkbox(), gr.Slider(0, 1), gr.Radio(["a", "b"]), gr.Dropdown(["a", "b"]),
            gr.CheckboxGroup(["a", "b"]), gr.JSON(), gr.HighlightedText(), gr.Label(), gr.Dataframe(), gr.Image(), gr.Audio(),
            gr.Gallery(), gr.File(), gr.ColorPicker(),
        ])
    return app


@demo()
def frames_one_by_one():
    with gr.Blocks() as app:
        def frames(count):
            for number in range(int(count)):
                yield square(number * 20)
        endpoint(frames, gr.Slider(1, 3, 2, step=1, label="Count"), gr.Image(format="png"))
        def growing_gallery():
            pictures = []
            for number in range(3):
                pictures.append((media("red.png"), str(number)))
                yield pictures, f"{number + 1} of 3"
        endpoint(growing_gallery, None, [gr.Gallery(format="png"), gr.Textbox()])
    return app
