"""A replica of black-forest-labs/FLUX.1-dev: its wire surface, without its model. Gradio 5.

KNOWN, from a public client of it: paths under /gradio_api; function 2 takes
`[prompt, 0, true, width, height, 3.5, 28]`, gives the picture first, and previews of it while it
works; ZeroGPU headers go with the join.
MADE UP: the function's name, labels and limits; that the seed that was used is the second value;
how many previews there are.
"""

import random
import time

from common import MAX_SEED, fill, gr, main, obey, picture

PREVIEWS = 4


def infer(
    prompt, seed, randomize_seed, width, height, guidance_scale, num_inference_steps,
    progress=gr.Progress(),
):
    """Draw a picture, and show how it comes about."""
    delay = obey(prompt)
    if randomize_seed:
        seed = random.randint(0, MAX_SEED)
    for step in range(PREVIEWS):
        progress((step, PREVIEWS), desc=f"{num_inference_steps:g} steps")
        yield picture(width // 4, height // 4, step), seed
        time.sleep(delay)
    yield picture(width, height, seed), seed


def build():
    with gr.Blocks(title="FLUX.1 [dev]") as demo:
        fill(2)
        prompt = gr.Text(label="Prompt", show_label=False, max_lines=1)
        run = gr.Button("Run")
        result = gr.Image(label="Result", show_label=False, format="png")
        seed = gr.Slider(0, MAX_SEED, step=1, value=0, label="Seed")
        randomize_seed = gr.Checkbox(label="Randomize seed", value=True)
        width = gr.Slider(256, 2048, step=32, value=1024, label="Width")
        height = gr.Slider(256, 2048, step=32, value=1024, label="Height")
        guidance = gr.Slider(1, 15, step=0.1, value=3.5, label="Guidance Scale")
        steps = gr.Slider(1, 50, step=1, value=28, label="Number of inference steps")
        gr.on(
            [run.click, prompt.submit],
            infer,
            [prompt, seed, randomize_seed, width, height, guidance, steps],
            [result, seed],
        )
    return demo


if __name__ == "__main__":
    main(build)
