"""`spacecall chat`: ask a model, once or in a conversation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from spacecall.chat import Conversation
from spacecall.cli._commands.call import RawOption
from spacecall.cli._inputs.flag_values import Inputs, reads_stdin
from spacecall.cli._runners.chat_repl import converse
from spacecall.cli._runners.chat_session import (
    Printing,
    Talk,
    address_of,
    read_conversation,
    talking,
)
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.signals import signals
from spacecall.errors import InvalidInputError
from spacecall.media import Media, MediaKind

__all__ = ["chat"]


def chat(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Such as phi-4 or qvq-72b; or a model id of the Hub (owner/model).",
            show_default=False,
        ),
    ],
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT",
            help="A text, @file, or - for stdin. Without one, each line of stdin is a message.",
            show_default=False,
        ),
    ] = None,
    *,
    image: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="For the message; a path or an address. Can be repeated."
        ),
    ] = None,
    audio: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="As --image."),
    ] = None,
    system: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="What the model is told beforehand; @file too.", show_default=False
        ),
    ] = "",
    repl: Annotated[
        bool, typer.Option("--repl", help="Go on with the conversation after PROMPT.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the conversation there, after each answer."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Go on with the conversation that was kept there."),
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Where the model's app is, if elsewhere.", show_default=False
        ),
    ] = "",
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Print the answer as it comes. [default: on a terminal]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Save images of an answer there."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Neither progress nor the app's messages.")
    ] = False,
    raw: RawOption = False,
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Ask a model and print its answer, or talk with it.

    \b
    spacecall chat phi-4 "What is this?" --image cat.png
    spacecall chat phi-4 --save chat.json

    A kept conversation can be read and continued by whoever has the file.
    """  # noqa: D301 - the help wants this character
    if system and resume:
        raise InvalidInputError("--system begins a conversation: leave it out with --resume")
    texts = [prompt or "", system, *(image or []), *(audio or [])]
    inputs = Inputs(sys.stdin.buffer.read() if any(map(reads_stdin, texts)) else b"")
    media = [*_media("image", image, inputs), *_media("audio", audio, inputs)]
    begun = read_conversation(resume) if resume else Conversation()
    access = Credentials.of(token, user, header, timeout, for_).for_app(url or address_of(model))
    printing = Printing(stream=stream, out=out, quiet=quiet, raw=raw)
    with signals() as told, talking(model, url, access, printing) as opened:
        talk = Talk(opened, printing, begun, system=inputs.text(system), save=save)
        if prompt is not None:
            talk.ask(inputs.text(prompt), media)
        if prompt is None or repl:
            converse(talk, told, media if prompt is None else [])


def _media(kind: MediaKind, given: list[str] | None, inputs: Inputs) -> list[Media]:
    return [Media(inputs.file(one), kind=kind) for one in given or []]
