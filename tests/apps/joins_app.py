"""Functions that read more of a join than their inputs: events, the query, the user's token.

The cookie `session=of-the-browser` is that of a browser in which a user logged in.
"""

import argparse
import time

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request

GRADIO_6 = int(gr.__version__.split(".")[0]) >= 6
HIDDEN = {"api_visibility": "undocumented"} if GRADIO_6 else {"show_api": False}
PRIVATE = {"api_visibility": "private"} if GRADIO_6 else {"api_name": False}


def select(text: str, event: gr.SelectData):
    label = None if event.target is None else event.target.label
    return [text, event.index, event.value, event.selected, label]


def like(event: gr.LikeData):
    return [event.index, event.value, event.liked]


def retry(event: gr.RetryData):
    return [event.index, event.value]


def edit(event: gr.EditData):
    return [event.index, event.previous_value, event.value]


def copy(event: gr.CopyData):
    return event.value


def key_up(event: gr.KeyUpData):
    return [event.key, event.input_value]


def delete(event: gr.DeletedFileData):
    with open(event.file.path, encoding="utf-8") as file:
        return [event.file.orig_name, file.read()]


def click(event: gr.EventData):
    return event._data


def query(request: gr.Request):
    return dict(request.query_params)


def whoami(text: str, token: gr.OAuthToken) -> str:
    return f"{text} {token.token}"


def maybe(token: gr.OAuthToken | None) -> str:
    return "nobody" if token is None else token.token


def profile(user: gr.OAuthProfile) -> str:
    return user.username


with gr.Blocks() as demo:
    text, row = gr.Textbox(label="text"), gr.Dropdown(["a", "b"], label="row")
    chat = gr.Chatbot(label="chat") if GRADIO_6 else gr.Chatbot(label="chat", type="messages")
    files = gr.File(file_count="multiple", label="files")
    out, said = gr.JSON(label="out"), gr.Textbox(label="said")
    gr.on([row.select, chat.select], select, text, out, api_name="select")
    row.select(select, text, out, api_name="pick")
    chat.like(like, None, out, api_name="like")
    chat.retry(retry, None, out, api_name="retry")
    chat.edit(edit, None, out, api_name="edit")
    text.copy(copy, None, said, api_name="copy")
    row.key_up(key_up, None, out, api_name="key_up")
    files.delete(delete, None, out, api_name="delete")
    gr.Button().click(click, None, out, api_name="click", queue=False)
    gr.Button().click(query, None, out, api_name="query")
    gr.Button().click(query, None, out, api_name="query_now", queue=False)
    gr.Button().click(whoami, text, said, api_name="whoami")
    gr.Button().click(whoami, text, said, api_name="whoami_now", queue=False)
    gr.Button().click(maybe, None, said, api_name="maybe")
    gr.Button().click(profile, None, said, api_name="profile")
    gr.Button().click(lambda text: text, text, said, api_name="plain")
    gr.Button().click(
        lambda text: f"undocumented {text}", text, said, **{"api_name": "undocumented", **HIDDEN}
    )
    gr.Button().click(lambda text: text, text, said, **{"api_name": "private", **PRIVATE})


def logged_in():
    """Return what a Space knows of a browser that logged in with the page of Hugging Face."""
    user = {
        "name": "Ada",
        "preferred_username": "ada",
        "profile": "https://huggingface.co/ada",
        "picture": "",
    }
    return {
        "access_token": "hf_of_the_browser",
        "scope": "openid",
        "expires_at": time.time() + 3600,
        "userinfo": user,
    }


class Sessions:
    """Keeps logins by the cookie `session`, in place of starlette's signed ones."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            has_login = Request(scope).cookies.get("session") == "of-the-browser"
            scope["session"] = {"oauth_info": logged_in()} if has_login else {}
        await self.app(scope, receive, send)


app = gr.mount_gradio_app(FastAPI(), demo, path="/")
app.add_middleware(Sessions)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    uvicorn.run(app, host="127.0.0.1", port=parser.parse_args().port, log_level="warning")
