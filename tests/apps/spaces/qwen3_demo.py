"""A replica of Qwen/Qwen3-Demo: its wire surface, without its models. Gradio 5.

KNOWN, from a public client of it: paths under /gradio_api; function 13 takes
`[message, {"thinking_budget", "model", "sys_prompt"}, null, null]` and streams; its sixth value is
an update of the chat, whose value is a list of messages; the answer's `content` is a list: first
`{"type": "tool", "content": <thoughts>, "options": {"title", "status"}}`, then the text.
MADE UP: the function's name and labels; gr.JSON stands for the chat and the other components of
its own; that the two null inputs are State, which holds the messages of the conversation; what the
other values are.
"""

from common import fill, gr, growing, main, obey


def tool(text, status):
    title = "Thinking..." if status == "pending" else "End of Thought"
    return {"type": "tool", "content": text, "options": {"title": title, "status": status}}


def answer(query, settings, turns):
    """Thoughts, then the text; the whole content each time."""
    delay = obey(query)
    thoughts = f"Budget {settings['thinking_budget']}."
    for text in growing(thoughts, delay):
        yield [tool(text, "pending")]
    answered = (
        f"Qwen3 replica turn {turns}. {settings['model']}, System: {settings['sys_prompt']} "
        f"You said: {query}"
    )
    for text in growing(answered, delay):
        yield [tool(thoughts, "done"), {"type": "text", "content": text}]


def add_message(query, settings, thinking, state):
    """Answer in the conversation that the State holds."""
    messages = [*(state or {}).get("messages", []), {"role": "user", "content": query}]
    turns = sum(message["role"] == "user" for message in messages)
    for content in answer(query, settings, turns):
        shown = [*messages, {"role": "assistant", "content": content}]
        conversations = [{"key": "one", "label": messages[0]["content"]}]
        yield "", gr.skip(), gr.skip(), gr.skip(), conversations, gr.update(value=shown), {
            "messages": shown
        }


def build():
    with gr.Blocks(title="Qwen3 Demo") as demo:
        fill(13)
        message = gr.Textbox(label="Input")
        settings = gr.JSON(label="Settings")
        thinking, state = gr.State(None), gr.State(None)
        clear, delete, add = gr.Button("Clear"), gr.Button("Delete"), gr.Button("Add")
        conversations = gr.JSON(label="Conversations")
        chatbot = gr.JSON(label="Chatbot")
        gr.Button("Send").click(
            add_message,
            [message, settings, thinking, state],
            [message, clear, delete, add, conversations, chatbot, state],
        )
    return demo


if __name__ == "__main__":
    main(build)
