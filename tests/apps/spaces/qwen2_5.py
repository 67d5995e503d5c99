"""A replica of Qwen/Qwen2.5: its wire surface, without its models. Gradio 4.44.

KNOWN, from a public client of it: `/queue/join` without a prefix; function 3 takes
`[prompt, history, system, "72B"]`, streams, and gives the history second, as pairs whose second
is the answer: a text, or an object with a `text` (its chat is a component of its own).
MADE UP: the function's name, labels and choices; gr.JSON stands for the chat component; that the
first value empties the text box, and the third is the system message.
"""

from common import fill, gr, growing, main, obey


def said(text):
    return {"text": text, "flushing": False, "files": []}


def model_chat(query, history, system, radio):
    """Answer, word by word."""
    delay = obey(query)
    history = list(history or [])
    answer = f"Qwen2.5-{radio} replica turn {len(history) + 1}. System: {system} You said: {query}"
    for text in growing(answer, delay):
        yield "", [*history, [said(query), said(text)]], system


def build():
    with gr.Blocks(title="Qwen2.5") as demo:
        fill(3)
        sizes = ["72B", "32B", "14B", "7B", "3B", "1.5B", "0.5B"]
        radio = gr.Radio(sizes, value="72B", label="Qwen2.5 models:")
        default = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        system = gr.Textbox(value=default, label="System")
        chatbot = gr.JSON(value=[], label="Chatbot")
        query = gr.Textbox(label="Input", lines=1)
        gr.Button("Send").click(
            model_chat, [query, chatbot, system, radio], [query, chatbot, system]
        )
    return demo


if __name__ == "__main__":
    main(build)
