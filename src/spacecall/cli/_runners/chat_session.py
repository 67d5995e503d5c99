"""Connect to a chat model, send messages, and print its answers."""

from __future__ import annotations

import math
import warnings
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacecall._atomic import write_file
from spacecall._client.concurrency.portal import Portal, hold_open, wait
from spacecall._regular_files import MAX_INPUT_BYTES, check_output, read_regular
from spacecall._warnings import CutReplyWarning
from spacecall.chat import (
    AnyChatModel,
    ChatModelOptions,
    ChatReply,
    Conversation,
    Message,
    connect,
)
from spacecall.chat_space import ChatSpace
from spacecall.cli._inputs.flag_values import InputReader, parse_value
from spacecall.cli._outputs.call_status import CallStatus
from spacecall.cli._outputs.event_printer import create_event_handler, run_call
from spacecall.cli._outputs.reply_printer import ReplyPrinter
from spacecall.cli._outputs.result_printer import OutputFolder, format_result, replace_files
from spacecall.cli._outputs.stream_printer import StreamPrinter, TextPrinter
from spacecall.cli._outputs.terminal import (
    ResultWriter,
    stderr_is_terminal,
    stdout_is_terminal,
    write_message,
)
from spacecall.cli._support.app_access import Access
from spacecall.cli._support.async_runner import deadline
from spacecall.errors import InvalidInputError
from spacecall.inference import HuggingFaceInference
from spacecall.inference._finish_reasons import explain_incomplete
from spacecall.inference._router import ROUTER, has_openai_path
from spacecall.media import Media
from spacecall.models import ConnectOptions, find_chat_model, may_be_space, names_chat_app

__all__ = [
    "ChatSession",
    "ConnectedModel",
    "PrintOptions",
    "model_source",
    "open_model",
    "read_address",
    "read_conversation",
    "write_conversation",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintOptions:
    """How to print answers.

    Attributes:
        stream: whether to print answers as they arrive; None to do so on a terminal.
        out: the folder for images of answers.
        quiet: whether to show neither progress nor messages on stderr.
        raw: whether a terminal gets the exact answer.
        reasoning: whether to print the model's thinking to stderr; None to do so if stdout and
            stderr are terminals.
    """

    stream: bool | None
    out: Path | None
    quiet: bool
    raw: bool
    reasoning: bool | None = None

    def create_printer(self) -> ReplyPrinter:
        """Return a printer for the parts of a reply."""
        stream = stdout_is_terminal() if self.stream is None else self.stream
        answer = TextPrinter(self.create_writer()) if stream else StreamPrinter()
        on_terminal = stdout_is_terminal() and stderr_is_terminal() and not self.quiet
        shows_reasoning = on_terminal if self.reasoning is None else self.reasoning
        return ReplyPrinter(answer, shows_reasoning=shows_reasoning)

    def create_writer(self) -> ResultWriter:
        """Return a writer for complete answers."""
        return ResultWriter(raw=self.raw)


@dataclass(frozen=True, slots=True)
class ConnectedModel:
    """A model in an event loop of another thread; this thread reads lines and handles Ctrl-C.

    Attributes:
        label: the display name of the model.
    """

    portal: Portal
    model: AnyChatModel
    label: str

    def read_options(
        self, words: Sequence[str], max_tokens: int | None, reader: InputReader
    ) -> ChatModelOptions:
        """Return the options of `chat` that are on the command line.

        Args:
            words: `name=value`, for the additional inputs of a chat app, or for the fields of a
                request to a service. A name that the app does not have is for the check of the
                call.
            max_tokens: the limit of tokens; None for that of the service.
            reader: for `@file` and `-`.

        Raises:
            InvalidInputError: a word has no `=`, a file cannot be read, or the model has no such
                option.
        """
        is_service = isinstance(self.model, HuggingFaceInference)
        options: ChatModelOptions = {}
        if max_tokens is not None and not is_service:
            raise InvalidInputError(
                f"--max-tokens is for services, and {self.label} is an app: see whether it has an "
                "additional input for that (--set)"
            )
        if max_tokens is not None:
            options["max_tokens"] = max_tokens
        if not words:
            return options
        if is_service:
            options["extra_body"] = _parse_fields(words, reader)
        elif isinstance(self.model, ChatSpace):
            schemas = {item.name: item.schema for item in self.model.additional_inputs}
            options["additional_inputs"] = {
                name: _parse_set(name, schemas.get(name, {"type": "string"}), texts, reader)
                for name, texts in _group_words(words).items()
            }
        else:
            raise InvalidInputError(
                f"--set is for chat apps and services, and {self.label} takes no other values"
            )
        return options


def _parse_fields(words: Sequence[str], reader: InputReader) -> dict[str, Any]:
    """Return the fields of a request: JSON, or else texts; a list of a repeated name's values."""
    fields: dict[str, Any] = {}
    for name, texts in _group_words(words).items():
        values = [_parse_set(name, {}, [text], reader) for text in texts]
        fields[name] = values[0] if len(values) == 1 else values
    return fields


def _parse_set(
    name: str, schema: Mapping[str, Any], texts: Sequence[str], reader: InputReader
) -> Any:
    try:
        return parse_value(schema, texts, reader)
    except InvalidInputError as error:
        raise InvalidInputError(f"--set {name}: {error.message}") from error


def _group_words(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of words `name=value`, by name."""
    values: dict[str, list[str]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise InvalidInputError(f"--set must be NAME=VALUE, got {word[:40]!r}")
        values.setdefault(name, []).append(value)
    return values


def read_address(name: str, url: str, mapping: ConnectOptions) -> ConnectOptions:
    """Return the options that say what is at `url`: a chat app, or a service.

    A name of an app is that of an app there, and any other name a model of a service. An address
    of OpenAI's interface, which ends with `/v1`, is a service's.

    Args:
        name: of the model.
        url: the address; empty for the model's own.
        mapping: how a chat app is used; empty to find that.
    """
    if not url:
        return mapping
    is_app = bool(mapping) or (names_chat_app(name) and not has_openai_path(url))
    return {**mapping, "source": url} if is_app else {"base_url": url}


def model_source(name: str, options: ConnectOptions) -> str:
    """Return the address or Space id of the app or service that serves the model `name`.

    Raises:
        NotFoundError: the model is unknown.
    """
    address = options.get("source") or options.get("base_url")
    if address:
        return address
    entry = find_chat_model(name, options)
    return entry.space or (entry.name if may_be_space(entry, options) else ROUTER)


@contextmanager
def open_model(
    name: str, access: Access, options: PrintOptions, connect_options: ConnectOptions
) -> Generator[ConnectedModel]:
    """Connect to the model `name`.

    Args:
        connect_options: the address, unless it is the model's own, and how a chat app is used.

    Raises:
        NotFoundError: the model is unknown, or the app has no chat.
        SpaceError: the model cannot be reached.
    """
    with CallStatus(quiet=options.quiet) as status:
        portal, model = hold_open(_connect(name, access, connect_options), name)
        try:
            status.clear()
            yield ConnectedModel(portal, model, getattr(model, "LABEL", name))
        finally:
            portal.close()


@asynccontextmanager
async def _connect(
    name: str, access: Access, connect_options: ConnectOptions
) -> AsyncGenerator[AnyChatModel, None]:
    entry = find_chat_model(name, connect_options)
    options: ConnectOptions = {"auth": access.auth, "headers": access.headers, **connect_options}
    if access.tls is not None:
        if entry.space is None and not may_be_space(entry, options):
            raise InvalidInputError(
                f"--ca-file and --cert are for apps, and {name} is not one: set SSL_CERT_FILE"
            )
        options["verify"] = access.tls
    if access.timeout:
        options["timeouts"] = access.timeouts
    with deadline(access.timeout, "the app did not answer") as scope:
        async with connect(name, **options) as model:
            scope.deadline = math.inf
            yield model


class ChatSession:
    """A conversation with a model.

    Args:
        model: the model that answers.
        options: how to print answers.
        conversation: earlier messages.
        system: the system message of a new conversation; empty for none.
        save_path: the file that keeps the conversation after each answer; None for no file.
        chat_options: of `model.chat`, for every message.
    """

    def __init__(
        self,
        model: ConnectedModel,
        options: PrintOptions,
        conversation: Conversation,
        *,
        system: str,
        save_path: Path | None,
        chat_options: ChatModelOptions | None = None,
    ) -> None:
        self._chat_options: ChatModelOptions = chat_options or {}
        self.label = model.label
        self.conversation = conversation
        self.save_path = save_path
        self._model = model
        self._options = options
        self._system = system

    def send(self, prompt: str, media: Sequence[Media] = ()) -> None:
        """Send a message, print the answer, and save the conversation.

        An interrupt cancels the answer, on the server too, and leaves the conversation unchanged.

        Raises:
            SpaceError: the model did not answer.
            OSError: the conversation or an image could not be written.
        """
        reply = wait(self._model.portal, lambda: self._print_answer(prompt, media))
        self.conversation = reply.conversation
        if self.save_path is not None:
            write_conversation(self.conversation, self.save_path)

    def reset(self) -> None:
        """Start a new conversation."""
        self.conversation = Conversation()

    async def _print_answer(self, prompt: str, media: Sequence[Media]) -> ChatReply:
        messages = [Message("user", prompt, media)]
        conversation = self.conversation if self.conversation.messages else None
        if self._system and conversation is None:
            messages.insert(0, Message("system", self._system))
        call = self._model.model.chat(messages, conversation=conversation, **self._chat_options)
        printer = self._options.create_printer()
        with CallStatus(quiet=self._options.quiet, activity="sending") as status:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", CutReplyWarning)  # a line of ours says it
                    reply = await run_call(call, create_event_handler(status, printer), printer)
            finally:
                status.clear()
                printer.end_line()
        assert reply is not None  # a call that ends without a value raises
        if not printer.printed_result:
            self._options.create_writer().write(format_result(reply.text))
        await self._print_images(reply)
        if problem := explain_incomplete(reply, "raise --max-tokens"):
            write_message(f"warning: {problem}")
        return reply

    async def _print_images(self, reply: ChatReply) -> None:
        folder = OutputFolder(self._options.out) if self._options.out else None
        for image in reply.images:
            path = await replace_files(image, folder) or image.name
            self._options.create_writer().write(format_result(path))
        if folder is not None:
            folder.report_failures()


def read_conversation(path: Path) -> Conversation:
    """Read a saved conversation.

    Raises:
        InvalidInputError: the file cannot be read, or is not a conversation.
    """
    try:
        content = read_regular(path, MAX_INPUT_BYTES, "")
    except InvalidInputError as error:
        raise InvalidInputError(f"--resume: {error.message}") from error
    try:
        return Conversation.from_json(content)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error.message}") from error


def check_conversation_output(option: str, path: Path) -> Path:
    """Check where a conversation will be saved; return where to write.

    Raises:
        InvalidInputError: it cannot be written there, or there is a file of another kind.
    """
    path = check_output(option, path)
    if path.is_file() and path.stat().st_size:
        try:
            Conversation.from_json(read_regular(path, MAX_INPUT_BYTES, ""))
        except InvalidInputError as error:
            raise InvalidInputError(
                f"{option}: {str(path)!r} exists and is no saved conversation: name another file"
            ) from error
    return path


def write_conversation(conversation: Conversation, path: Path) -> None:
    """Save a conversation in a file that only its owner can read.

    Raises:
        OSError: the file cannot be written.
    """
    write_file(path, f"{conversation.to_json()}\n".encode(), private=True)
