"""Conversations and messages with files."""
import os
import time

import gradio as gr
from common import V, offer

MESSAGES = {"type": "messages"} if V[0] == 5 else {}


def path_of(file):
    return file["path"] if isinstance(file, dict) else file


with gr.Blocks(title="Chat") as chat:
    box, message = gr.Chatbot(label="Conversation", **MESSAGES), gr.Textbox(label="Message")

    def answer(message, history):
        return "", [*history, {"role": "user", "content": message}, {"role": "assistant", "content": f"You said {message}"}]

    def stream(history):
        history = [*history, {"role": "assistant", "content": ""}]
        for word in ("one", " two", " three"):
            history[-1]["content"] += word
            time.sleep(0.02)
            yield history

    def count(history):
        return len(history), [one["role"] for one in history]

    offer(answer, [message, box], [message, box], "answer")
    offer(stream, box, box, "stream")
    offer(count, box, [gr.Number(label="Count", precision=0), gr.JSON(label="Roles")], "count")
    offer(lambda: [{"role": "assistant", "content": "thought", "metadata": {"title": "Thinking"}},
                   {"role": "assistant", "content": "pick", "options": [{"value": "yes"}, {"value": "no", "label": "No!"}]}],
          None, box, "thoughts")

with gr.Blocks(title="Chat with files") as chat_files:
    box = gr.Chatbot(label="Conversation", **MESSAGES)
    field = gr.MultimodalTextbox(label="Message", file_count="multiple", file_types=["image", ".txt"])

    def add(message, history):
        for file in message["files"]:
            history = [*history, {"role": "user", "content": {"path": path_of(file)}}]
        return [*history, {"role": "user", "content": message["text"]}], None

    def sizes(history):
        return [sorted(one["content"]) if isinstance(one["content"], dict) else type(one["content"]).__name__ for one in history]

    offer(add, [field, box], [box, field], "add")
    offer(sizes, box, gr.JSON(label="Kinds"), "kinds")

with gr.Blocks(title="Messages") as multimodal:
    field = gr.MultimodalTextbox(label="Message", file_count="multiple")
    offer(lambda message: (message["text"], [os.path.basename(path_of(one)) for one in message["files"]]), field,
          [gr.Textbox(label="Text"), gr.JSON(label="Names")], "split")
    offer(lambda message: {"text": message["text"] + "!", "files": message["files"]}, field, gr.MultimodalTextbox(label="Louder"), "louder")

APPS = {"chat": chat, "chat-files": chat_files, "multimodal": multimodal}

if V[0] == 5:
    with gr.Blocks(title="Pairs") as pairs:
        box, message = gr.Chatbot(label="Conversation", type="tuples"), gr.Textbox(label="Message")
        offer(lambda message, history: [*history, (message, f"You said {message}")], [message, box], box, "answer")
        offer(lambda history: [*history, (("%s" % __file__,), None)], box, box, "file")
    APPS["chat-pairs"] = pairs

interface_options = {"type": "messages"} if V[0] == 5 else {}


def reply(message, history, tone="plain"):
    for n in range(1, len(message) + 1):
        yield f"{tone}: {message[:n]}"


APPS["chat-interface"] = gr.ChatInterface(reply, title="Echo", additional_inputs=[gr.Textbox("plain", label="Tone")], **interface_options)
