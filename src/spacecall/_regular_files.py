"""Open only regular files: a pipe may be waited for without end, a device may have no end.

Every file that a user, a project, a variable of the environment or data names is opened here, for
reading; `_atomic` writes files. A test forbids other modules to open files by themselves.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

from spacecall.errors import InvalidInputError

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "MAX_INPUT_BYTES",
    "NotRegularFileError",
    "check_output",
    "check_output_folder",
    "check_status",
    "open_if_regular",
    "open_regular",
    "read_document",
    "read_regular",
    "readable_path",
    "regular_size",
]

MAX_DOCUMENT_BYTES: Final = 32 * 2**20
"""The bytes that are read of a document: as of one from a server, see `Limits.max_body_bytes`."""

MAX_INPUT_BYTES: Final = 256 * 2**20
"""The bytes that are read of a file that the user names as the text of an argument."""

_OPEN_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_BINARY", "O_NOCTTY", "O_NONBLOCK")
)
"""To open also a pipe that nobody writes at once."""
_REMEDY: Final = "Pass the content: bytes or an open file, - for stdin in a command"


class NotRegularFileError(OSError):
    """A path names a folder, a pipe, a socket or a device."""


def open_regular(path: Path, remedy: str = _REMEDY) -> BufferedReader:
    """Open a regular file for reading. Pipes, sockets and devices are refused, never waited for.

    A path may be data, such as of a row, and name a pipe that nobody writes or a device without an
    end.

    Args:
        path: of the file.
        remedy: what to do about a path of something else, for the message; empty for nothing.

    Raises:
        InvalidInputError: the path names something else, or cannot be read.
    """
    with readable_path(path, remedy):
        return open_if_regular(path)


def read_regular(path: Path, max_bytes: int, remedy: str = _REMEDY) -> bytes:
    """Return the content of a regular file of at most `max_bytes`.

    Raises:
        InvalidInputError: as `open_regular`, or the file is larger.
    """
    with readable_path(path, remedy):
        return read_document(path, max_bytes)


def read_document(path: Path, max_bytes: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return the content of a file of a project.

    Raises:
        NotRegularFileError: the path names something else than a regular file.
        OSError: the file cannot be read, or has more than `max_bytes`; `strerror` is the reason.
    """
    with open_if_regular(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"has more than the {max_bytes} bytes that are read", str(path))
    return content


def open_if_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading.

    Raises:
        NotRegularFileError: the path names something else.
        OSError: it cannot be read.
    """
    check_status(path, path.stat())  # opening a device may have an effect
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        check_status(path, os.fstat(descriptor))  # it may be another one by now
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def regular_size(path: Path) -> int:
    """Return the size of a regular file in bytes.

    Raises:
        InvalidInputError: the path names something else, or cannot be read.
    """
    with readable_path(path):
        status = path.stat()
        check_status(path, status)
    return status.st_size


def check_status(path: Path, status: os.stat_result) -> None:
    """Check that `path` has the status of a regular file.

    Raises:
        NotRegularFileError: it does not.
    """
    if stat.S_ISDIR(status.st_mode):
        raise NotRegularFileError(errno.EISDIR, "is a folder, not a file", str(path))
    if not stat.S_ISREG(status.st_mode):
        reason = "is a pipe, a socket or a device, not a regular file"
        raise NotRegularFileError(errno.EINVAL, reason, str(path))


def check_output(option: str, path: Path) -> None:
    """Check the path of a file that will be written, before the work for it begins.

    Raises:
        InvalidInputError: it exists, and is not a regular file; the message names the option.
    """
    try:
        check_status(path, path.stat())
    except NotRegularFileError as error:
        raise InvalidInputError(
            f"{option}: {str(path)!r} {error.strerror}: name a file that is new or can be replaced"
        ) from error
    except (FileNotFoundError, NotADirectoryError):
        return  # the writer creates folders, or says which one is a file
    except (OSError, ValueError) as error:  # for example a NUL in the path
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise InvalidInputError(f"{option}: cannot write {str(path)!r}: {reason}") from error


def check_output_folder(option: str, path: Path) -> None:
    """Check the path of a folder for new files, before the work for them begins.

    Raises:
        InvalidInputError: it exists, and is not a folder; the message names the option.
    """
    if path.exists() and not path.is_dir():
        raise InvalidInputError(f"{option}: {str(path)!r} is not a folder: name another one")


@contextmanager
def readable_path(path: Path, remedy: str = _REMEDY) -> Generator[None]:
    """Raise an InvalidInputError for the errors of reading a file.

    Args:
        path: of the file.
        remedy: see `open_regular`.
    """
    try:
        yield
    except NotRegularFileError as error:
        if error.errno == errno.EISDIR:
            advice = ": name a file in it"
        else:
            advice = f". {remedy}" if remedy else ""
        raise InvalidInputError(f"{str(path)!r} {error.strerror}{advice}") from error
    except (OSError, ValueError, RuntimeError) as error:  # for example a NUL in the path
        reason = (isinstance(error, OSError) and error.strerror) or error
        hint = ": ~ is not expanded, write Path(…).expanduser()" if str(path)[:1] == "~" else ""
        raise InvalidInputError(f"cannot read {str(path)!r}: {reason}{hint}") from error
