"""The command in a process of its own: with pipes, with a terminal, with signals."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import forks

ROOT = Path(__file__).resolve().parent.parent.parent
CREDENTIALS = (
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME"),
    *("HF_ENDPOINT", "HF_HUB_DISABLE_IMPLICIT_TOKEN"),
    *("SPACECALL_USERNAME", "SPACECALL_PASSWORD", "SPACECALL_FOR"),
    "SPACECALL_OAUTH_TOKEN",
    *("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"),
)
DEADLINE = 30.0
"""Seconds that a test waits for what must happen."""

# Makes stdin the terminal that Ctrl-C comes from.
_IN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\].*?\x07|[\r\x00]")


def command(*arguments: object) -> list[str]:
    """The command line of `spacecall`."""
    return [sys.executable, "-W", "error", "-m", "spacecall", *map(str, arguments)]


def run_command(
    *arguments: object, folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: one that never ends does so with the deadline."""
    words = [str(argument) for argument in arguments]
    env = environment(**variables or {})
    return forks.run_module("spacecall", words, env=env, timeout=DEADLINE, folder=folder)


def environment(**extra: str) -> dict[str, str]:
    """The variables of a process that has nothing of whoever runs the tests."""
    variables = {name: value for name, value in os.environ.items() if name not in CREDENTIALS}
    return variables | {"PYTHONPATH": str(ROOT / "src"), "LC_ALL": "C.UTF-8"} | extra


def clear_credentials(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Take the credentials of whoever runs the tests out of this process; `home` has none."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))


@contextlib.contextmanager
def start_command(*arguments: object) -> Generator[subprocess.Popen[bytes]]:
    """A command with pipes for stdin, stdout and stderr; ended with the block."""
    process = subprocess.Popen(
        command(*arguments),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(fact: Callable[[], bool], *, seconds: float = DEADLINE) -> None:
    """Wait until `fact` holds; AssertionError if it does not in time."""
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Terminal:
    """A terminal of 80 columns, with a command in it.

    Attributes:
        raw: everything that the command has written to it.
    """

    process: subprocess.Popen[bytes]
    descriptor: int
    raw: str = ""
    _open: bool = field(default=True, repr=False)

    @property
    def text(self) -> str:
        """What was written, without the codes that move and colour."""
        return _CONTROLS.sub("", self.raw)

    def read(self) -> bool:
        """Read what has come; False when the command has closed the terminal."""
        assert select.select([self.descriptor], [], [], DEADLINE)[0], f"no more than {self.text!r}"
        try:
            self.raw += os.read(self.descriptor, 65536).decode(errors="replace")
        except OSError:  # the other side is closed
            self._open = False
        return self._open

    def wait_for(self, text: str) -> None:
        """Read until the screen has shown `text`."""
        end = time.monotonic() + DEADLINE
        while text not in self.text:
            assert time.monotonic() < end, f"no {text!r} in {self.text!r}"
            assert self.read(), f"ended without {text!r}: {self.text!r}"

    def finish(self) -> int:
        """Read to the end; the exit code."""
        while self.read():
            pass
        return self.process.wait(DEADLINE)

    def press_ctrl_c(self) -> None:
        """As a user would: the terminal sends the signal."""
        os.write(self.descriptor, b"\x03")

    def close(self) -> None:
        """As a user closes its window."""
        os.close(self.descriptor)
        self.descriptor = -1


@contextlib.contextmanager
def terminal(
    *arguments: object, folder: Path, variables: Mapping[str, str] | None = None
) -> Generator[Terminal]:
    """A command in a terminal of 80 x 24; ended with the block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _IN_TERMINAL, *command(*arguments)],
        start_new_session=True,
        env=environment(TERM="xterm-256color") | dict(variables or {}),
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    screen = Terminal(process, ours)
    try:
        with process:
            try:
                yield screen
            finally:
                process.kill()
    finally:
        if screen.descriptor >= 0:
            screen.close()
