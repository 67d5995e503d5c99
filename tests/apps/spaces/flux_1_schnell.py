"""A replica of black-forest-labs/FLUX.1-schnell: its wire surface, without its model. Gradio 4.44.

KNOWN, from a public client of it: `/call/infer` without a prefix takes
`[prompt, 0, true, 768, 768, 2]` and gives the picture first.
MADE UP: labels and limits; that the seed that was used is the second value.
"""

import random

from common import MAX_SEED, gr, main, obey, picture


def infer(
    prompt, seed, randomize_seed, width, height, num_inference_steps, progress=gr.Progress()
):
    """Draw a picture."""
    obey(prompt)
    if randomize_seed:
        seed = random.randint(0, MAX_SEED)
    progress((1, 1), desc=f"{num_inference_steps:g} steps")
    return picture(width, height, seed), seed


def build():
    with gr.Blocks(title="FLUX.1 [schnell]") as demo:
        prompt = gr.Text(label="Prompt", show_label=False, max_lines=1)
        run = gr.Button("Run")
        result = gr.Image(label="Result", show_label=False, format="png")
        seed = gr.Slider(0, MAX_SEED, step=1, value=0, label="Seed")
        randomize_seed = gr.Checkbox(label="Randomize seed", value=True)
        width = gr.Slider(256, 2048, step=32, value=768, label="Width")
        height = gr.Slider(256, 2048, step=32, value=768, label="Height")
        steps = gr.Slider(1, 50, step=1, value=2, label="Number of inference steps")
        gr.on(
            [run.click, prompt.submit],
            infer,
            [prompt, seed, randomize_seed, width, height, steps],
            [result, seed],
        )
    return demo


if __name__ == "__main__":
    main(build)
