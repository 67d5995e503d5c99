"""A model that is open for a command, and what is said to it."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from spacecall._atomic import write_file
from spacecall._client.concurrency.portal import Portal, hold_open, wait
from spacecall.chat import ChatModel, ChatReply, Conversation, Message, connect
from spacecall.cli._outputs.call_status import Feedback
from spacecall.cli._outputs.event_printer import follow, shown
from spacecall.cli._outputs.result_printer import Folder, printed, readable
from spacecall.cli._outputs.stream_printer import Snapshots, TextStream
from spacecall.cli._outputs.terminal import Results, stdout_is_terminal
from spacecall.cli._support.app_access import Access
from spacecall.cli._support.signals import deadline
from spacecall.errors import InvalidInputError
from spacecall.inference._router import ROUTER
from spacecall.media import Media
from spacecall.models import ConnectOptions, find_model

__all__ = [
    "Opened",
    "Printing",
    "Talk",
    "address_of",
    "read_conversation",
    "talking",
    "write_conversation",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """How answers are printed.

    Attributes:
        stream: as they come; None does so on a terminal.
        out: where their images are saved.
        quiet: whether stderr shows nothing of how the call goes.
        raw: whether a terminal gets an answer as it is.
    """

    stream: bool | None
    out: Path | None
    quiet: bool
    raw: bool

    def text(self) -> Snapshots:
        """What prints a text before it is whole."""
        wanted = stdout_is_terminal() if self.stream is None else self.stream
        return TextStream(self.results()) if wanted else Snapshots()

    def results(self) -> Results:
        """Where answers are written."""
        return Results(raw=self.raw)


@dataclass(frozen=True, slots=True)
class Opened:
    """A model, in a loop of its own: this thread is for whoever types, and for Ctrl-C.

    Attributes:
        label: the model's name for people.
    """

    portal: Portal
    model: ChatModel
    label: str


def address_of(name: str) -> str:
    """The app, or the service, that answers for the model called `name`.

    Raises:
        NotFoundError: there is no such model.
    """
    return find_model(name, "chat").space or ROUTER


@contextmanager
def talking(name: str, url: str, access: Access, printing: Printing) -> Generator[Opened]:
    """The model called `name`, of the app at `url` if there is one.

    Raises:
        NotFoundError: there is no such model.
        SpaceError: it cannot be reached.
    """
    with Feedback(quiet=printing.quiet) as feedback:
        portal, model = hold_open(_connected(name, url, access), name)
        try:
            feedback.clear()
            yield Opened(portal, model, getattr(model, "LABEL", name))
        finally:
            portal.close()


@asynccontextmanager
async def _connected(name: str, url: str, access: Access) -> AsyncGenerator[ChatModel, None]:
    address: ConnectOptions = {}
    if url and find_model(name, "chat").space is None:
        address["base_url"] = url
    elif url:
        address["source"] = url
    options: ConnectOptions = {"auth": access.auth, "headers": access.headers, **address}
    if access.timeout:
        options["timeouts"] = access.timeouts
    with deadline(access.timeout, "the app did not answer") as scope:
        async with connect(name, **options) as model:
            scope.deadline = math.inf
            yield model


class Talk:
    """A conversation that goes on with each message.

    Args:
        begun: what was said before.
        system: what the model is told when a conversation begins.
        save: where the conversation is kept after each answer.
    """

    def __init__(
        self,
        opened: Opened,
        printing: Printing,
        begun: Conversation,
        *,
        system: str,
        save: Path | None,
    ) -> None:
        self.label = opened.label
        self.conversation = begun
        self.save_to = save
        self._opened = opened
        self._printing = printing
        self._system = system

    def ask(self, prompt: str, media: Sequence[Media] = ()) -> None:
        """Print the answer. An interrupt cancels it, on the server too, and it was not said.

        Raises:
            SpaceError: there is none.
            OSError: the conversation or an image could not be written.
        """
        reply = wait(self._opened.portal, lambda: self._answer(prompt, media))
        self.conversation = reply.conversation
        if self.save_to is not None:
            write_conversation(self.conversation, self.save_to)

    def begin(self) -> None:
        """Forget what was said."""
        self.conversation = Conversation()

    async def _answer(self, prompt: str, media: Sequence[Media]) -> ChatReply:
        said = [Message("user", prompt, media)]
        begun = self.conversation if self.conversation.messages else None
        if self._system and begun is None:
            said.insert(0, Message("system", self._system))
        replies: list[ChatReply] = []

        def text_of(reply: ChatReply) -> str:
            replies[:] = [reply]
            return reply.text

        call = self._opened.model.chat(said, conversation=begun).map(text_of)
        stream = self._printing.text()
        with Feedback(quiet=self._printing.quiet, doing="asking") as feedback:
            try:
                text = await follow(call, shown(feedback, stream), stream)
            finally:
                feedback.clear()
                stream.end()
        if not stream.whole:
            self._printing.results().write(printed(text))
        await self._print_images(replies[0])
        return replies[0]

    async def _print_images(self, reply: ChatReply) -> None:
        folder = Folder(self._printing.out) if self._printing.out else None
        for image in reply.images:
            self._printing.results().write(printed(await readable(image, folder) or image.name))
        if folder is not None:
            folder.report()


def read_conversation(path: Path) -> Conversation:
    """The conversation that a file keeps.

    Raises:
        InvalidInputError: it keeps none.
        OSError: it cannot be read.
    """
    try:
        return Conversation.from_json(path.read_bytes())
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}: {error.message}") from error


def write_conversation(conversation: Conversation, path: Path) -> None:
    """Keep a conversation in a file that its owner alone can read.

    Raises:
        OSError: it cannot be written.
    """
    write_file(path, f"{conversation.to_json()}\n".encode(), private=True)
