"""Text, and what is shown as text."""
import gradio as gr
from common import offer, same


def greet(name, letter, secret):
    """Greet somebody.

    Args:
        name: who
    """
    return f"{name}|{letter}|{secret}"


with gr.Blocks(title="Text") as text:
    fields = [
        gr.Textbox(label="Name", info="who is greeted", max_length=20),
        gr.TextArea(label="Letter", value="Dear\nreader,"),
        gr.Textbox(type="password", value=""),
    ]
    offer(greet, fields, gr.Textbox(label="Greeting"), "greet")
    offer(lambda lines: lines.upper(), gr.Textbox(lines=3, placeholder="many lines"), gr.TextArea(), "shout")

interface = gr.Interface(lambda text: text[::-1], "text", "text", title="Reversed", api_name="predict")

with gr.Blocks(title="Markup") as markup:
    source = gr.Code(label="Source", language="python", value="x = 1")
    html, markdown, code = gr.HTML(label="Page"), gr.Markdown(label="Text"), gr.Code(label="Code", language="html")

    def show(source):
        return f"<b>{source}</b>", f"**{source}**", f"<p>{source}</p>"

    offer(show, source, [html, markdown, code], "show")
    offer(same, gr.HTML("<i>old</i>"), html, "html")
    offer(same, gr.Markdown("# old"), markdown, "markdown")

APPS = {"text": text, "interface": interface, "markup": markup}
