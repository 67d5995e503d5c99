"""A replica of deepseek-ai/Janus-Pro-7B: its wire surface, without its models. Gradio 5.

KNOWN, from a public client of it: paths under /gradio_api; function 2 takes
`[image or null, prompt, seed, 0.95, 0.1]` and gives a text; function 3 takes `[prompt, seed, 5, 1]`
and gives a gallery, whose items have their picture as `image.url`; the values come whole, with
progress before them.
MADE UP: the names of the functions and of their inputs, labels, limits; how many pictures there
are, and their size.
"""

from common import fill, gr, main, obey, picture


def multimodal_understanding(image, question, seed, top_p, temperature, progress=gr.Progress()):
    """Answer a question about a picture."""
    obey(question)
    progress((1, 1), desc="Thinking")
    seen = "no picture" if image is None else f"a picture of {image.shape[1]} by {image.shape[0]}"
    return f"Janus-Pro replica: {question!r} about {seen}, seed {seed:g}, {top_p:g}, {temperature:g}"


def generate_image(prompt, seed, guidance, t2i_temperature, progress=gr.Progress()):
    """Draw pictures."""
    obey(prompt)
    progress((1, 1), desc="Drawing")
    return [picture(384, 384, seed + number) for number in range(5)]


def build():
    with gr.Blocks(title="Janus-Pro-7B") as demo:
        fill(2)
        image = gr.Image(label="Image")
        question = gr.Textbox(label="Question")
        seed = gr.Number(label="Seed", precision=0, value=42)
        top_p = gr.Slider(0, 1, value=0.95, step=0.05, label="top_p")
        temperature = gr.Slider(0, 1, value=0.1, step=0.05, label="temperature")
        response = gr.Textbox(label="Response")
        gr.Button("Chat").click(
            multimodal_understanding, [image, question, seed, top_p, temperature], response
        )
        guidance = gr.Slider(1, 10, value=5, step=0.5, label="CFG Weight")
        t2i_temperature = gr.Slider(0, 1, value=1.0, step=0.05, label="temperature")
        prompt = gr.Textbox(label="Prompt")
        t2i_seed = gr.Number(label="Seed (Optional)", precision=0, value=12345)
        images = gr.Gallery(label="Generated Images", columns=2, rows=2, format="png")
        gr.Button("Generate Images").click(
            generate_image, [prompt, t2i_seed, guidance, t2i_temperature], images
        )
    return demo


if __name__ == "__main__":
    main(build)
