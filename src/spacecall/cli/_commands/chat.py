"""`spacecall chat`: send messages to a chat model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from spacecall._regular_files import check_output_folder
from spacecall.chat import Conversation
from spacecall.cli._commands.call import QuietOption, RawOption
from spacecall.cli._inputs.completion import complete_model_names
from spacecall.cli._inputs.flag_values import InputReader, is_stdin
from spacecall.cli._runners.chat_repl import run_repl
from spacecall.cli._runners.chat_session import (
    ChatSession,
    PrintOptions,
    check_conversation_output,
    model_source,
    open_model,
    read_address,
    read_conversation,
)
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.cli._support.signals import handle_signals
from spacecall.errors import InvalidInputError
from spacecall.media import Media, MediaKind
from spacecall.models import ConnectOptions

__all__ = ["chat"]


@takes_credentials()
def chat(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A model, such as phi-4; a model or Space of the Hub (owner/name); a Space "
            "(spaces/owner/name); the address of a chat app; or, with --url, any name of a model "
            "of a service.",
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
            help="Use the app or service at this address: an app if MODEL is the name of one, or "
            "else a service with OpenAI's interface, which gets MODEL as it is; so does any "
            "address that ends with /v1. [default: the model's own]",
            show_default=False,
        ),
    ] = "",
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The endpoint of a chat app that answers. [default: by its shape]"
        ),
    ] = "",
    message: Annotated[
        str,
        typer.Option(metavar="NAME", help="The parameter of a chat app that takes the message."),
    ] = "",
    history: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The parameter of a chat app that takes the earlier messages."
        ),
    ] = "",
    answer: Annotated[
        str,
        typer.Option(
            metavar="OUTPUT", help="The label or the number of the output that has the answer."
        ),
    ] = "",
    additional: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="An additional input of a chat app, or a field of the request to a service, such "
            "as temperature=0.5. Repeatable.",
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="The limit of tokens of an answer of a service, its reasoning included. "
            "[default: the service's]",
            show_default=False,
        ),
    ] = None,
    reasoning: Annotated[
        bool | None,
        typer.Option(
            "--reasoning/--no-reasoning",
            help="Print the model's thinking to stderr. [default: only on a terminal]",
            show_default=False,
        ),
    ] = None,
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
    read_credentials: ReadCredentials,
) -> None:
    """Send messages to a chat model and print its answers.

    \b
    spacecall chat phi-4 "What is this?" --image cat.png
    spacecall chat phi-4 --save chat.json
    spacecall chat spaces/owner/name

    Whoever has the file of a saved conversation can read and continue it. In a conversation, /help
    lists the commands.
    """  # noqa: D301 - typer needs this character
    if system and resume:
        raise InvalidInputError("--system is for a new conversation: remove it, or --resume")
    if save is not None:
        save = check_conversation_output("--save", save)
    if out is not None:
        check_output_folder("--out", out)
    values = [word.partition("=")[2] for word in additional or []]
    words = [prompt or "", system, *(image or []), *(audio or []), *values]
    reader = InputReader(sys.stdin.buffer.read() if any(map(is_stdin, words)) else b"")
    media = [*_load_media("image", image, reader), *_load_media("audio", audio, reader)]
    conversation = read_conversation(resume) if resume else Conversation()
    credentials = read_credentials()
    mapping = _read_mapping(endpoint, message, history, answer)
    connect_options = read_address(model, url, mapping)
    access = credentials.for_app(model_source(model, connect_options))
    options = PrintOptions(stream=stream, out=out, quiet=quiet, raw=raw, reasoning=reasoning)
    opened = open_model(model, access, options, connect_options)
    with handle_signals() as signals, opened as connected:
        system_message = reader.read_option("--system", system)
        session = ChatSession(
            connected,
            options,
            conversation,
            system=system_message,
            save_path=save,
            chat_options=connected.read_options(additional or [], max_tokens, reader),
        )
        if prompt is not None:
            session.send(reader.read_option("PROMPT", prompt), media)
        if prompt is None or repl:
            run_repl(session, signals, media if prompt is None else [])


def _read_mapping(endpoint: str, message: str, history: str, answer: str) -> ConnectOptions:
    """Return the options that say how a chat app is used; those that are not empty."""
    mapping: ConnectOptions = {}
    if endpoint:
        mapping["endpoint"] = endpoint
    if message:
        mapping["message"] = message
    if history:
        mapping["history"] = history
    if answer:
        mapping["answer"] = int(answer) if answer.isdecimal() else answer
    return mapping


def _load_media(kind: MediaKind, words: list[str] | None, reader: InputReader) -> list[Media]:
    try:
        return [Media(reader.open_file(word), kind=kind) for word in words or []]
    except InvalidInputError as error:
        raise InvalidInputError(f"--{kind}: {error.message}") from error
