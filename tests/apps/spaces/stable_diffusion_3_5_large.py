"""A replica of stabilityai/stable-diffusion-3.5-large: its wire surface, without its model. Gradio 5.

KNOWN, from a public client of it: `/gradio_api/call/infer` takes
`[prompt, negative prompt, 0, true, width, height, 4.5, 50]` and gives the picture first.
MADE UP: labels and limits; that the seed that was used is the second value.
"""

import random

from common import MAX_SEED, gr, main, obey, picture


def infer(
    prompt, negative_prompt, seed, randomize_seed, width, height, guidance_scale,
    num_inference_steps, progress=gr.Progress(),
):
    """Draw a picture."""
    obey(prompt)
    if randomize_seed:
        seed = random.randint(0, MAX_SEED)
    progress((1, 1), desc=f"{num_inference_steps:g} steps")
    return picture(width, height, seed), seed


def build():
    with gr.Blocks(title="Stable Diffusion 3.5 Large") as demo:
        prompt = gr.Text(label="Prompt", show_label=False, max_lines=1)
        run = gr.Button("Run")
        result = gr.Image(label="Result", show_label=False, format="png")
        negative_prompt = gr.Text(label="Negative prompt", max_lines=1)
        seed = gr.Slider(0, MAX_SEED, step=1, value=0, label="Seed")
        randomize_seed = gr.Checkbox(label="Randomize seed", value=True)
        width = gr.Slider(512, 1024, step=32, value=1024, label="Width")
        height = gr.Slider(512, 1024, step=32, value=1024, label="Height")
        guidance = gr.Slider(0, 7.5, step=0.1, value=4.5, label="Guidance scale")
        steps = gr.Slider(1, 50, step=1, value=50, label="Number of inference steps")
        gr.on(
            [run.click, prompt.submit],
            infer,
            [prompt, negative_prompt, seed, randomize_seed, width, height, guidance, steps],
            [result, seed],
        )
    return demo


if __name__ == "__main__":
    main(build)
