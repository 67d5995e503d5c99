"""A conversation, line by line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from spacecall._filenames import expand_home
from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import (
    stdin_is_terminal,
    stdout_is_terminal,
    tell,
    tell_error,
    write,
)
from spacecall.cli._runners.chat_session import Talk, write_conversation
from spacecall.cli._support.signals import Signals
from spacecall.errors import InvalidInputError, SpaceError
from spacecall.media import Media, MediaKind

__all__ = ["converse"]

HELP = """\
/image FILE  an image for the next message: a path or an address
/audio FILE  an audio clip for the next message
/history     what was said
/new         begin another conversation
/save FILE   keep the conversation there, from now on
/quit        leave; so does Ctrl-D
//…          a message that begins with /
Ctrl-C stops an answer.
"""


def converse(talk: Talk, told: Signals, media: Sequence[Media]) -> None:
    """Talk until there are no more lines.

    On a terminal an error, or Ctrl-C, ends what was asked, and the conversation goes on.

    Args:
        media: for the first message.

    Raises:
        KeyboardInterrupt: the process is told to end; or, without a terminal, Ctrl-C.
        SpaceError, OSError: without a terminal, when something fails.
    """
    watched = stdin_is_terminal() and stdout_is_terminal()
    lines = _Typed(talk) if watched else _Lines()
    repl = _Repl(talk, media)
    while not repl.over:
        try:
            line = lines.next()
            if line is None:
                return
            repl.take(line)
        except KeyboardInterrupt:
            if told.terminated or not watched:
                raise
            tell("")
        except (SpaceError, OSError) as error:
            if not watched:
                raise
            tell_error(error)


class _Lines:
    """The lines of stdin."""

    def next(self) -> str | None:
        """The next line; None after the last."""
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None


class _Typed(_Lines):
    """Lines that somebody types, with readline where Python has it."""

    def __init__(self, talk: Talk) -> None:
        tell(f"{talk.label}: /help tells what there is, Ctrl-D ends.")
        with suppress(ImportError):
            readline = importlib.import_module("readline")
            for message in talk.conversation.messages:
                if message.role == "user":
                    readline.add_history(visible_line(message.content))

    def next(self) -> str | None:
        try:
            return input("> ")
        except EOFError:
            write("\n")
            return None


class _Repl:
    """What is done with each line."""

    def __init__(self, talk: Talk, media: Sequence[Media]) -> None:
        self.over = False
        self._talk = talk
        self._media = list(media)
        self._commands: dict[str, Callable[[str], None]] = {
            "image": lambda given: self._attach("image", given),
            "audio": lambda given: self._attach("audio", given),
            "history": self._history,
            "new": self._begin,
            "save": self._save,
            "help": lambda _: write(HELP),
            "quit": self._quit,
        }

    def take(self, line: str) -> None:
        """Ask, or do what a command says."""
        if line.startswith("/") and not line.startswith("//"):
            name, _, given = line[1:].partition(" ")
            if name not in self._commands:
                raise InvalidInputError(
                    f"there is no /{name}: /help tells what there is, and // begins a message"
                )
            self._commands[name](given.strip())
        elif line.strip() or self._media:
            media, self._media = self._media, []
            self._talk.ask(line.removeprefix("/") if line.startswith("//") else line, media)

    def _attach(self, kind: MediaKind, given: str) -> None:
        if not given:
            raise InvalidInputError(f"/{kind} needs a file")
        self._media.append(Media(given.removeprefix("@"), kind=kind))

    def _history(self, _: str) -> None:
        for message in self._talk.conversation.messages:
            write(f"{message.role}: {message.content}\n")

    def _begin(self, _: str) -> None:
        self._media = []
        self._talk.begin()

    def _save(self, given: str) -> None:
        if not given:
            raise InvalidInputError("/save needs a file")
        self._talk.save_to = expand_home(given)
        write_conversation(self._talk.conversation, self._talk.save_to)

    def _quit(self, _: str) -> None:
        self.over = True
