"""Names that are hard to make Python of."""
import gradio as gr
from common import V, offer

with gr.Blocks(title="Names") as names:
    def anything(*values):
        return " ".join(map(str, values))

    odd = ["class", "print", "", "名前", "a", "a", "3 words!", "café ☕", "self", "__init__", "model_config", "Über-Straße"]
    offer(anything, [gr.Textbox(label=label) for label in odd], gr.Textbox(label="class"), "import")
    offer(lambda text: [text] * 4, gr.Textbox(label="Text"), [gr.Textbox(label=label) for label in ("count", "class", "名前", "")], "outputs")
    offer(lambda text: (text, text + "2", text + "3"), gr.Textbox(label="Text"), [gr.Textbox(label="Same") for _ in range(3)], "same-labels")
    offer(lambda model_dump, copy, json: f"{model_dump}{copy}{json}", [gr.Textbox(value=one) for one in "xyz"], gr.Textbox(), "shadowed")
    offer(lambda text: f"one {text}", gr.Textbox(label="Text"), gr.Textbox(label="Answer"), "twice")
    offer(lambda number: number * 2, gr.Number(label="Number"), gr.Number(label="Answer"), "twice")
    offer(lambda text: f"starts with a digit {text}", gr.Textbox(label="Text"), gr.Textbox(label="Answer"), "3d_view")
    offer(lambda text: f"привет {text}", gr.Textbox(label="Имя"), gr.Textbox(label="Ответ"), "привет")
    offer(lambda text: f"call {text}", gr.Textbox(label="Text"), gr.Textbox(label="Answer"), "connect")

with gr.Blocks(title="Unnamed") as unnamed:
    text = gr.Textbox(label="Text")
    offer(lambda text: f"first {text}", text, text)
    offer(lambda text: f"second {text}", text, text)

    def named_by_its_function(text):
        return f"third {text}"

    offer(named_by_its_function, text, text)
    hidden = {"api_visibility": "undocumented"} if V[0] >= 6 else {"show_api": False}
    offer(lambda text: f"undocumented {text}", text, text, "quiet", **hidden)
    private = {"api_visibility": "private", "api_name": "secret"} if V[0] >= 6 else {"api_name": False}
    offer(lambda text: f"private {text}", text, text, **private)

tabs = gr.TabbedInterface(
    [gr.Interface(lambda name: f"Hello {name}", "text", "text"), gr.Interface(lambda a, b: a + b, ["number", "number"], "number")],
    ["Greet", "Add"],
    title="Two tabs",
)

APPS = {"names": names, "unnamed": unnamed, "tabs": tabs}
