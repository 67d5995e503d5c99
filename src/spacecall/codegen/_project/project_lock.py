"""Let one command at a time write the files of a project.

The lock file is locked by the operating system, which unlocks it when its process ends, however
that happens: nobody has to delete it.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from spacecall._regular_files import open_if_regular

__all__ = ["PROJECT_LOCK_FILE", "project_lock"]

PROJECT_LOCK_FILE: Final = ".spacecall.lock"
"""The name of the lock file in the project's folder, while a command writes."""

_WAIT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.02
_LOCKED_ERRORS: Final = (errno.EACCES, errno.EAGAIN, errno.EDEADLK, errno.EWOULDBLOCK)

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def project_lock(root: Path, wait: float = _WAIT_SECONDS) -> Generator[None]:
    """Hold the lock of a project; the holder must not take it again.

    Args:
        root: the project's folder.
        wait: seconds to wait for another process.

    Raises:
        OSError: another process holds the lock for longer, or the file cannot be created.
    """
    path = root / PROJECT_LOCK_FILE
    deadline = time.monotonic() + wait
    while (descriptor := _open_locked(path)) is None:
        if time.monotonic() >= deadline:
            raise OSError(
                errno.EBUSY,
                f"another spacecall command{_describe_holder(path)} is writing this project: run "
                "it again when that one has ended",
                str(path),
            )
        time.sleep(_POLL_SECONDS)
    try:
        with suppress(OSError):  # only for the message of others
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        if sys.platform == "win32":  # an open file cannot be deleted there
            os.close(descriptor)
            with suppress(OSError):
                path.unlink()
        else:
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _open_locked(path: Path) -> int | None:
    """Open and lock the file; None if another process holds it, or has just deleted it."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o644)
    try:
        _try_lock(descriptor)
        is_current = _is_same_file(descriptor, path)
    except OSError as error:
        # a file system without locks: an interrupted command is found by the hashes all the same
        is_current = error.errno not in _LOCKED_ERRORS
    if is_current:
        return descriptor
    os.close(descriptor)
    return None


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _describe_holder(path: Path) -> str:
    try:
        with open_if_regular(path) as file:
            number = file.read(20).split()[0].decode("ascii")
    except (OSError, IndexError, UnicodeDecodeError):
        return ""
    return f" (process {number})" if number.isdecimal() else ""
