"""`spacecall chat`: send messages to a chat model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from spacecall.chat import Conversation
from spacecall.cli._commands.call import QuietOption, RawOption
from spacecall.cli._inputs.completion import complete_model_names
from spacecall.cli._inputs.flag_values import InputReader, is_stdin
from spacecall.cli._runners.chat_repl import run_repl
from spacecall.cli._runners.chat_session import (
    ChatSession,
    PrintOptions,
    model_source,
    open_model,
    read_conversation,
)
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.signals import handle_signals
from spacecall.errors import InvalidInputError
from spacecall.media import Media, MediaKind

__all__ = ["chat"]


def chat(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A model, such as phi-4 or qvq-72b, or a model id of the Hub (owner/model).",
            show_default=False,
            autocompletion=complete_model_names,
        ),
    ],
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT",
            help="A text, @file, or - for stdin. Without PROMPT, each line of stdin is a message.",
            show_default=False,
        ),
    ] = None,
    *,
    image: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Attach an image to the message: a path or an address. Repeatable.",
        ),
    ] = None,
    audio: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Attach an audio clip to the message: a path or an address. Repeatable.",
        ),
    ] = None,
    system: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Begin the conversation with this system message: a text or @file.",
            show_default=False,
        ),
    ] = "",
    repl: Annotated[
        bool, typer.Option("--repl", help="After PROMPT, read more messages from stdin.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save the conversation to this file after each answer."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Continue the conversation that is saved in this file."),
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Use the app or service at this address. [default: the model's own]",
            show_default=False,
        ),
    ] = "",
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Print the answer as it arrives. [default: only on a terminal]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Save images of an answer in this folder."),
    ] = None,
    quiet: QuietOption = False,
    raw: RawOption = False,
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Send messages to a chat model and print its answers.

    \b
    spacecall chat phi-4 "What is this?" --image cat.png
    spacecall chat phi-4 --save chat.json

    Whoever has the file of a saved conversation can read and continue it. In a conversation, /help
    lists the commands.
    """  # noqa: D301 - typer needs this character
    if system and resume:
        raise InvalidInputError("--system is for a new conversation: remove it, or --resume")
    words = [prompt or "", system, *(image or []), *(audio or [])]
    reader = InputReader(sys.stdin.buffer.read() if any(map(is_stdin, words)) else b"")
    media = [*_load_media("image", image, reader), *_load_media("audio", audio, reader)]
    conversation = read_conversation(resume) if resume else Conversation()
    credentials = Credentials.from_options(token, user, header, timeout, for_)
    access = credentials.for_app(url or model_source(model))
    options = PrintOptions(stream=stream, out=out, quiet=quiet, raw=raw)
    with handle_signals() as signals, open_model(model, url, access, options) as connected:
        system_message = reader.read_text(system)
        session = ChatSession(
            connected, options, conversation, system=system_message, save_path=save
        )
        if prompt is not None:
            session.send(reader.read_text(prompt), media)
        if prompt is None or repl:
            run_repl(session, signals, media if prompt is None else [])


def _load_media(kind: MediaKind, words: list[str] | None, reader: InputReader) -> list[Media]:
    return [Media(reader.open_file(word), kind=kind) for word in words or []]
