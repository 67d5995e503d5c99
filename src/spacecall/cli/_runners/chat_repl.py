"""Run a conversation whose messages are lines of stdin."""

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
    write,
    write_message,
)
from spacecall.cli._runners.chat_session import (
    ChatSession,
    check_conversation_output,
    write_conversation,
)
from spacecall.cli._support.error_reports import write_error
from spacecall.cli._support.signals import SignalState
from spacecall.errors import InvalidInputError, SpaceError
from spacecall.media import Media, MediaKind

__all__ = ["run_repl"]

HELP = """\
/image FILE  an image for the next message: a path or an address
/audio FILE  an audio clip for the next message
/history     show the conversation
/new         start a new conversation
/save FILE   save the conversation now and after each answer
/help        show these commands
/quit        quit (also Ctrl-D)
//…          a message that begins with /
Ctrl-C stops an answer.
"""


def run_repl(session: ChatSession, signals: SignalState, media: Sequence[Media]) -> None:
    """Send each line of stdin as a message, until its end or `/quit`.

    On a terminal, an error or Ctrl-C ends the current answer, and the conversation goes on.

    Args:
        session: the conversation.
        signals: the signals that the process got.
        media: images and audio for the first message.

    Raises:
        KeyboardInterrupt: SIGTERM; without a terminal also Ctrl-C.
        SpaceError, OSError: an error without a terminal.
    """
    interactive = stdin_is_terminal() and stdout_is_terminal()
    lines = _PromptLines(session) if interactive else _StdinLines()
    repl = _Repl(session, media)
    while not repl.finished:
        try:
            line = lines.read()
            if line is None:
                return
            repl.handle(line)
        except KeyboardInterrupt:
            if signals.terminated or not interactive:
                raise
            write_message("")
        except (SpaceError, OSError) as error:
            if not interactive:
                raise
            write_error(error)


class _StdinLines:
    """Reads the lines of stdin."""

    def read(self) -> str | None:
        """Return the next line; None after the last.

        Raises:
            InvalidInputError: a line is not text.
        """
        try:
            return self._read_line()
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                f"stdin is not text in {error.encoding}: {error.reason} at byte {error.start}"
            ) from error

    def _read_line(self) -> str | None:
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None


class _PromptLines(_StdinLines):
    """Reads lines from a terminal, with a prompt, and with a history if Python has readline."""

    def __init__(self, session: ChatSession) -> None:
        write_message(f"{session.label}: /help shows the commands, Ctrl-D quits.")
        with suppress(ImportError):
            readline = importlib.import_module("readline")
            for message in session.conversation.messages:
                if message.role == "user":
                    readline.add_history(visible_line(message.text))

    def _read_line(self) -> str | None:
        try:
            return input("> ")
        except EOFError:
            write("\n")
            return None


class _Repl:
    """Sends lines as messages, and runs the commands among them.

    Attributes:
        finished: whether `/quit` was entered.
    """

    def __init__(self, session: ChatSession, media: Sequence[Media]) -> None:
        self.finished = False
        self._session = session
        self._media = list(media)
        self._commands: dict[str, Callable[[str], None]] = {
            "image": lambda path: self._attach("image", path),
            "audio": lambda path: self._attach("audio", path),
            "history": self._show_history,
            "new": self._reset,
            "save": self._save,
            "help": lambda _: write(HELP),
            "quit": self._quit,
        }

    def handle(self, line: str) -> None:
        """Run a command, or send a message."""
        if line.startswith("/") and not line.startswith("//"):
            name, _, argument = line[1:].partition(" ")
            if name not in self._commands:
                raise InvalidInputError(
                    f"unknown command /{name}: /help lists the commands; start a message that "
                    "begins with / with //"
                )
            self._commands[name](argument.strip())
        elif line.strip() or self._media:
            media, self._media = self._media, []
            self._session.send(line.removeprefix("/") if line.startswith("//") else line, media)

    def _attach(self, kind: MediaKind, path: str) -> None:
        if not path:
            raise InvalidInputError(f"/{kind} needs a file: /{kind} FILE")
        self._media.append(Media(path.removeprefix("@"), kind=kind))

    def _show_history(self, _: str) -> None:
        for message in self._session.conversation.messages:
            write(f"{message.role}: {message.content}\n")

    def _reset(self, _: str) -> None:
        self._media = []
        self._session.reset()

    def _save(self, path: str) -> None:
        if not path:
            raise InvalidInputError("/save needs a file: /save FILE")
        save_path = check_conversation_output("/save", expand_home(path))
        self._session.save_path = save_path
        write_conversation(self._session.conversation, save_path)

    def _quit(self, _: str) -> None:
        self.finished = True
