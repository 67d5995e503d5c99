"""A replica of Qwen/Qwen2.5-Max-Demo: its wire surface, without its model. Gradio 5.

KNOWN, from a public client of it: paths under /gradio_api; function 0 takes
`[prompt, history, system]`, streams, and gives the history second, as pairs `[user, bot]`.
MADE UP: the function's name and labels; that the first value empties the text box, and the third
is the system message.
"""

from common import gr, growing, main, obey


def model_chat(query, history, system):
    """Answer, word by word."""
    delay = obey(query)
    history = [list(pair) for pair in history or []]
    answer = f"Qwen2.5-Max replica turn {len(history) + 1}. System: {system} You said: {query}"
    for text in growing(answer, delay):
        yield "", [*history, [query, text]], system


def build():
    with gr.Blocks(title="Qwen2.5-Max Demo") as demo:
        system = gr.Textbox(value="You are a helpful assistant.", label="System")
        chatbot = gr.Chatbot(label="Qwen2.5-Max", type="tuples")
        query = gr.Textbox(label="Input", lines=1)
        gr.Button("Send").click(
            model_chat, [query, chatbot, system], [query, chatbot, system]
        )
    return demo


if __name__ == "__main__":
    main(build)
