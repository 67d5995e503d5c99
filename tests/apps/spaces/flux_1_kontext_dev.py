"""A replica of black-forest-labs/FLUX.1-Kontext-Dev: its wire surface, without its model. Gradio 5.

KNOWN, from a public client of it: paths under /gradio_api; function 2 takes
`[FileData, prompt, 0, true, 2.5, 28]` and gives the picture first; ZeroGPU headers go with the join.
MADE UP: the function's name, labels and limits; the values after the first.
"""

import random

from common import MAX_SEED, error, fill, gr, main, obey, picture


def infer(
    input_image, prompt, seed, randomize_seed, guidance_scale, steps, progress=gr.Progress()
):
    """Change a picture as the prompt says."""
    obey(prompt)
    if input_image is None:
        raise error("Please upload an image", "Error")
    if randomize_seed:
        seed = random.randint(0, MAX_SEED)
    progress((1, 1), desc=f"{steps:g} steps")
    return picture(*input_image.size, seed), seed, gr.Button(visible=True)


def build():
    with gr.Blocks(title="FLUX.1 Kontext [dev]") as demo:
        fill(2)
        input_image = gr.Image(label="Upload the image for editing", type="pil")
        prompt = gr.Text(label="Prompt", show_label=False, max_lines=1)
        run = gr.Button("Run")
        seed = gr.Slider(0, MAX_SEED, step=1, value=0, label="Seed")
        randomize_seed = gr.Checkbox(label="Randomize seed", value=True)
        guidance = gr.Slider(1, 10, step=0.1, value=2.5, label="Guidance Scale")
        steps = gr.Slider(1, 30, step=1, value=28, label="Steps")
        result = gr.Image(label="Result", show_label=False, format="png")
        reuse = gr.Button("Reuse this image", visible=False)
        gr.on(
            [run.click, prompt.submit],
            infer,
            [input_image, prompt, seed, randomize_seed, guidance, steps],
            [result, seed, reuse],
        )
    return demo


if __name__ == "__main__":
    main(build)
