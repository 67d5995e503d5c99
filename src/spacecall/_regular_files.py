"""Open only regular files: a pipe may be waited for without end, a device may have no end.

Every file that a user, a project, a variable of the environment or data names is opened here, for
reading; `_atomic` writes files. A test forbids other modules to open files by themselves.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Final

from spacecall.errors import InvalidInputError

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "MAX_INPUT_BYTES",
    "NotRegularFileError",
    "UnusablePathError",
    "check_link",
    "check_output",
    "check_output_folder",
    "check_status",
    "follow_link",
    "is_device_path",
    "locate_output",
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
_DEVICE_FOLDERS: Final = ("dev", "proc")
_REMEDY: Final = "Pass the content: bytes or an open file, - for stdin in a command"


class NotRegularFileError(OSError):
    """A path names a folder, a pipe, a socket or a device."""


class UnusablePathError(OSError):
    """A path is a broken link or a loop of links, or a folder of it is not usable."""


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


def check_output(option: str, path: Path) -> Path:
    """Check the path of a file that will be written, before the work for it begins.

    Folders that do not exist are not a problem: the writer creates them.

    Returns:
        Where to write, see `locate_output`.

    Raises:
        InvalidInputError: the file cannot be written there; the message names the option.
    """
    with _writable_path(option, path, "name a file that is new or can be replaced"):
        return locate_output(path)


def locate_output(path: Path) -> Path:
    """Return where to write a file: the end of a link, so that the link stays; else `path`.

    Raises:
        NotRegularFileError: the path names a folder, a pipe, a socket or a device.
        UnusablePathError: it is a broken link or a loop of links, or one of its folders is not a
            folder.
        OSError: the path is invalid.
        ValueError: the path is invalid.
    """
    try:
        check_status(path, path.stat())
    except (FileNotFoundError, NotADirectoryError):
        check_link(path)
        _check_new_folder(path.parent)
        return path
    except NotRegularFileError:
        raise
    except OSError:
        check_link(path)
        raise
    if is_device_path(path):
        return path
    target = follow_link(path)
    _check_new_folder(target.parent)
    return target


def follow_link(path: Path) -> Path:
    """Return the path of the file that a link leads to; a path that is not a link is unchanged."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def check_link(path: Path) -> None:
    """Check that a path is not a link that leads nowhere.

    Raises:
        UnusablePathError: it is; `strerror` is the reason.
    """
    if not path.is_symlink():
        return
    try:
        path.stat()
    except OSError as error:
        reason = "is a loop of links" if error.errno == errno.ELOOP else "is a broken link"
        raise UnusablePathError(errno.ELOOP, reason, str(path)) from error


def is_device_path(path: Path) -> bool:
    """Return whether a path is in a folder of devices, such as `/dev/stdout`."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow symlinks
    return absolute.parts[1:2] in [(folder,) for folder in _DEVICE_FOLDERS]


def check_output_folder(option: str, path: Path) -> None:
    """Check the path of a folder for new files, before the work for them begins.

    Raises:
        InvalidInputError: it is not a folder, and cannot be created; the message names the option.
    """
    with _writable_path(option, path, "name another one"):
        with suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()  # refuses an invalid path, such as one with a NUL
        _check_new_folder(path)


def _check_new_folder(path: Path) -> None:
    """Check that a folder for new files exists, or that nothing is in the way of creating it.

    Raises:
        UnusablePathError: a file or a link is in the way, or it is in a folder where this user may
            not create files; `filename` is its path.
    """
    for folder in (path, *path.parents):
        if folder.is_dir():
            if not os.access(folder, os.W_OK | os.X_OK):
                reason = "is a folder in which you may not create files"
                raise UnusablePathError(errno.EACCES, reason, str(folder))
            return
        if os.path.lexists(folder):
            raise UnusablePathError(errno.ENOTDIR, "is not a folder", str(folder))


@contextmanager
def _writable_path(option: str, path: Path, remedy: str) -> Generator[None]:
    """Raise an InvalidInputError that names the option for a path that cannot be written."""
    try:
        yield
    except (OSError, ValueError) as error:  # for example a NUL in the path
        if isinstance(error, NotRegularFileError | UnusablePathError):
            problem = f"{error.filename!r} {error.strerror}: {remedy}"
        else:
            reason = (isinstance(error, OSError) and error.strerror) or error
            problem = f"cannot write {str(path)!r}: {reason}"
        raise InvalidInputError(f"{option}: {problem}") from error


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
