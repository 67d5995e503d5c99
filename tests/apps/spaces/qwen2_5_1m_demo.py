"""A replica of Qwen/Qwen2.5-1M-Demo: its wire surface, without its model. Gradio 4.44.

KNOWN, from a public client of it: no prefix; function 1 answers at `/run/predict` and takes
`[{"files", "text"}, [], []]`; function 2 takes `[[[{"text": prompt, "files": [], …}, null]], null, 0]`
from the queue in the same session, streams, and gives the chat first: pairs whose second is a list
of objects with a `text`. Before the answer the text is "Qwen is thinking...", and the answer may be
followed by a line that begins with `<summary>`.
MADE UP: the functions' names and labels; gr.JSON stands for the chat and the input, which are
components of its own; what the second and third inputs mean, and the values after the first.
"""

import time

from common import gr, growing, main, obey


def said(text, **more):
    fields = ("id", "elem_id", "elem_classes", "name", "flushing")
    return {**dict.fromkeys(fields), "text": text, "avatar": "", "files": [], **more}


def add_message(message, chatbot, documents):
    """Put the message into the chat."""
    chatbot = [*(chatbot or []), [said(message.get("text", "")), None]]
    return {"text": "", "files": []}, chatbot, documents or []


def answer(chatbot, rag_state, turn):
    """Answer the last message of the chat, word by word."""
    *before, (question, _) = chatbot
    delay = obey(question["text"])
    yield [*before, [question, [said("Qwen is thinking...", flushing=True)]]], turn
    time.sleep(delay)
    text = f"Qwen2.5-1M replica turn {len(chatbot)}. You said: {question['text']}"
    for part in growing(text, delay):
        yield [*before, [question, [said(part)]]], turn
    yield [*before, [question, [said(f"{text}\n<summary>done</summary>")]]], turn + 1


def build():
    with gr.Blocks(title="Qwen2.5-1M") as demo:
        gr.Button(visible=False).click(lambda: None, None, None, api_name=False)
        message = gr.JSON(label="Message")
        chatbot = gr.JSON(value=[], label="Chatbot")
        documents = gr.JSON(value=[], label="Documents")
        rag = gr.State(None)
        turn = gr.Number(value=0, precision=0, label="Turn", visible=False)
        send = gr.Button("Send")
        send.click(
            add_message, [message, chatbot, documents], [message, chatbot, documents], queue=False
        )
        send.click(answer, [chatbot, rag, turn], [chatbot, turn])
    return demo


if __name__ == "__main__":
    main(build)
