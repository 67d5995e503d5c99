"""Images, galleries, editors."""
import gradio as gr
import numpy as np
from common import offer, same

with gr.Blocks(title="Images") as images:
    offer(same, gr.Image(type="filepath", label="Picture"), gr.Image(type="filepath", label="Same"), "same")
    offer(lambda picture: 255 - picture, gr.Image(type="numpy", label="Picture"), gr.Image(label="Negative", format="png"), "negative")
    offer(lambda picture: picture.convert("L"), gr.Image(type="pil", label="Picture"), gr.Image(label="Grey", format="jpeg"), "grey")
    offer(lambda picture: (picture.size[0], picture), gr.Image(type="pil", image_mode="RGBA", label="Picture"),
          [gr.Number(label="Width", precision=0), gr.Image(label="Webp")], "webp")
    offer(lambda: None, None, gr.Image(label="Picture"), "empty")

with gr.Blocks(title="Annotated image") as annotated:
    def find(picture, name):
        mask = np.zeros(picture.shape[:2])
        mask[0, 0] = 1
        return picture, [((0, 0, 1, 1), name), (mask, "mask")]

    offer(find, [gr.Image(type="numpy", label="Picture"), gr.Textbox(label="Name", value="thing")], gr.AnnotatedImage(label="Found", format="png"), "find")

with gr.Blocks(title="Galleries") as galleries:
    offer(lambda pictures: [path for path, caption in pictures], gr.Gallery(type="filepath", label="Pictures"), gr.Gallery(label="Same", format="png"), "same")
    offer(lambda pictures: [(path, f"{caption}!") for path, caption in pictures], gr.Gallery(type="filepath", label="Pictures"), gr.Gallery(label="Loud", format="png"), "loud")
    offer(lambda pictures: len(pictures or []), gr.Gallery(type="numpy", label="Pictures"), gr.Number(label="Count", precision=0), "count")

with gr.Blocks(title="Editors") as editors:
    offer(lambda drawing: (drawing["composite"], len(drawing["layers"])), gr.ImageEditor(type="filepath", label="Drawing"),
          [gr.Image(type="filepath", label="Whole"), gr.Number(label="Layers", precision=0)], "flatten")
    offer(lambda drawing: drawing, gr.ImageEditor(type="numpy", label="Drawing"), gr.ImageEditor(label="Again", format="png"), "again")
    offer(lambda drawing: drawing["composite"], gr.Sketchpad(type="filepath", label="Sketch"), gr.Image(label="Whole", type="filepath"), "sketch")

with gr.Blocks(title="Two pictures") as slider:
    offer(lambda pair: pair[::-1], gr.ImageSlider(type="filepath", label="Pair"), gr.ImageSlider(type="filepath", label="Turned"), "turn")

APPS = {"images": images, "annotated": annotated, "galleries": galleries, "editors": editors, "image-slider": slider}
