"""A lock that allows one recording of a cassette at a time, in all processes of a machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from spacecall.cassettes.errors import CassetteError

__all__ = ["recording_lock", "remove_abandoned_lock"]

_TRIES: Final = 100


@contextmanager
def recording_lock(cassette: Path) -> Generator[None]:
    """Hold the lock of a cassette. The system frees the lock of a killed process.

    Raises:
        CassetteError: another process or thread is recording the cassette.
        OSError: its folder cannot be created or written.
    """
    folders = [folder for folder in cassette.parents if not folder.exists()]
    path = cassette.with_name(f".{cassette.name}.lock")
    descriptor = _acquire(path, cassette)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows: it is removed after it is closed
            path.unlink()
        os.close(descriptor)
        with suppress(OSError):
            if sys.platform == "win32":
                path.unlink()
        with suppress(OSError):  # remove new folders if nothing was recorded
            for folder in folders:
                folder.rmdir()


def remove_abandoned_lock(path: Path) -> bool:
    """Remove the lock file of a killed process; return False if a process holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        is_abandoned = _lock(descriptor)
        if is_abandoned and sys.platform != "win32":
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    if is_abandoned and sys.platform == "win32":  # there it is removed after it is closed
        path.unlink(missing_ok=True)
    return is_abandoned


def _acquire(path: Path, cassette: Path) -> int:
    for _ in range(_TRIES):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(path, flags, 0o666)
        except FileNotFoundError:
            continue  # its folder was removed meanwhile
        if not _lock(descriptor):
            os.close(descriptor)
            break
        if _is_same_file(descriptor, path):
            return descriptor
        os.close(descriptor)  # the holder before has removed the file
    raise CassetteError(
        f"{cassette} is being recorded by another process or thread: wait for it, record without "
        "pytest-xdist (-n 0), or give each test its own cassette"
    )


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
