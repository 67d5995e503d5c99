"""Write files atomically: to a temporary file in the same folder, flushed, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from spacecall._regular_files import (
    check_status,
    is_device_path,
    open_if_regular,
    read_document,
)

__all__ = [
    "Replacement",
    "UnsafePathError",
    "check_inside",
    "move_file",
    "remove_files",
    "remove_parts",
    "write_file",
    "write_files",
]

_SUFFIX: Final = ".part"
_MAX_STEM_BYTES: Final = 80
# A temporary file of this age was left by a process that was killed.
_ABANDONED_SECONDS: Final = 60.0
_READER_SECONDS: Final = 1.0
"""How long the reader of a pipe may take to open it."""
_POLL_SECONDS: Final = 0.01


class UnsafePathError(OSError):
    """A path of a project leads out of the project, or is a symlink."""


class Replacement:
    """A temporary file in the folder of its target, which then replaces the target.

    A symlink at the target is replaced, not followed. A target that is not a regular file, such as
    `/dev/stdout` or a pipe, is written directly; a pipe that no process reads is an error.

    Args:
        target: the path of the file.
        private: whether only the owner can read it; otherwise it gets the mode of the replaced
            file, or the default mode.
        numbered: whether an existing file is kept: the new file then gets a number.

    Raises:
        OSError: the target cannot be written; `filename` is the target.
    """

    def __init__(self, target: Path, *, private: bool = False, numbered: bool = False) -> None:
        self._target: Final = target
        self._numbered: Final = numbered
        self._part: Path | None = None
        self._path = target
        with _with_filename(target):
            mode = None if numbered else _mode_of(target)
            if mode is not None and stat.S_ISDIR(mode):
                raise OSError(errno.EISDIR, "is a folder, not a file")
            if not numbered and _is_written_directly(target, mode):
                self.file: BinaryIO = _open_directly(target)
                return
            part = target.with_name(f"{_stem(target)}{secrets.token_hex(8)}{_SUFFIX}")
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
            descriptor = os.open(part, flags, 0o600 if private else 0o666)
            self._part = part
            self.file = os.fdopen(descriptor, "wb")
            if mode is not None and stat.S_ISREG(mode) and not private:
                with suppress(OSError):  # not every file system has modes
                    part.chmod(stat.S_IMODE(mode) & 0o777)

    def finish(self, *, sync: bool = True) -> None:
        """Flush and close the file; the target is not replaced yet.

        Args:
            sync: whether to wait until the file is on the disk.

        Raises:
            OSError: the file cannot be written.
        """
        with _with_filename(self._target):
            self.file.flush()
            if sync and self._part is not None:
                os.fsync(self.file.fileno())
            self.file.close()

    def publish(self) -> Path:
        """Put the finished file at the target, or at a free numbered name with `numbered`.

        Returns:
            The path of the file; a second call changes nothing.

        Raises:
            OSError: the file cannot be put there.
        """
        if self._part is not None:
            with _with_filename(self._target):
                if self._numbered:
                    self._path = _move_to_free_name(self._part, self._target)
                else:
                    self._part.replace(self._target)
            self._part = None
        return self._path

    def discard(self) -> None:
        """Delete the temporary file, unless it was published."""
        with suppress(OSError):
            self.file.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)


def _move_to_free_name(part: Path, target: Path) -> Path:
    """Move a file to `target`, or to a numbered name in its folder, and return the path."""
    while True:
        number = _free_number(target)
        path = _with_number(target, number)
        with suppress(FileExistsError):  # another process was faster
            _move_without_replacing(part, path)
            return path


def _free_number(target: Path) -> int:
    """Find a free number, with about log n checks if n files have the name."""

    def is_taken(number: int) -> bool:
        return os.path.lexists(_with_number(target, number))

    taken, free = 0, 1
    while is_taken(free):
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if is_taken(middle) else (taken, middle)
    return free


def _with_number(target: Path, number: int) -> Path:
    return target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")


def _move_without_replacing(source: Path, target: Path) -> None:
    """Move a file, or raise FileExistsError if `target` exists, also if it was just created."""
    if os.name == "nt":
        source.rename(target)
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except (OSError, AttributeError):  # a file system, or a system, without links
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        source.replace(target)
    else:
        source.unlink()


def write_file(target: Path, content: bytes, *, private: bool = False) -> None:
    """Write one file at a path that the caller chose, and create its folders.

    Raises:
        OSError: the file cannot be written; an existing file is unchanged.
    """
    _make_folders(target.parent)
    replacement = Replacement(target, private=private)
    try:
        with _with_filename(target):
            replacement.file.write(content)
        replacement.finish()
        replacement.publish()
    finally:
        replacement.discard()


def write_files(files: Mapping[Path, bytes], root: Path) -> None:
    """Write several files of a project together.

    All of them are on the disk before the first one replaces an older file, so that a full disk, a
    read-only folder or a file in place of a folder changes nothing. They are replaced in the given
    order: the last one should mark the others as complete. An interrupt does not leave some of them
    replaced. A file with the same content is not touched.

    Args:
        files: the content by path; paths are absolute, or relative to the working directory.
        root: the project's folder. A path outside of it was chosen by the caller.

    Raises:
        UnsafePathError: a path leads out of the project, or ends at a symlink.
        NotRegularFileError: a path is that of a folder, a pipe, a socket or a device.
        OSError: a file cannot be written.
    """
    targets = {_absolute(path): content for path, content in files.items()}
    for target in targets:
        check_inside(target, root)
    changed = {
        path: content for path, content in targets.items() if not _has_content(path, content)
    }
    folders: list[Path] = []
    parts: list[Replacement] = []
    published, is_publishing = 0, False
    try:
        for target in changed:
            with suppress(FileNotFoundError, NotADirectoryError):
                check_status(target, target.stat())
        for target, content in changed.items():
            folders += _make_folders(target.parent)
            _remove_parts(target, older_than=_ABANDONED_SECONDS)
            part = Replacement(target)
            parts.append(part)
            with _with_filename(target):
                part.file.write(content)
            part.finish()
        is_publishing = True
        for part in parts:
            part.publish()
            published += 1
        _sync_folders({path.parent for path in [*changed, *folders]})
    except KeyboardInterrupt:
        if is_publishing:  # some files are in place: the rest takes no time
            for part in parts[published:]:
                with suppress(OSError):
                    part.publish()
        raise
    except OSError as error:
        state = "nothing was changed" if not published else "some files are new: run it again"
        error.strerror = f"{error.strerror or error}; {state}"
        raise
    finally:
        for part in parts:
            part.discard()
        if not published:
            for folder in reversed(folders):
                with suppress(OSError):
                    folder.rmdir()


def remove_files(files: Iterable[Path], root: Path) -> None:
    """Remove files of a project, and their temporary files from killed processes.

    Raises:
        UnsafePathError: a path leads out of the project; nothing is removed then.
        OSError: a file cannot be removed.
    """
    targets = [_absolute(path) for path in files]
    for target in targets:
        _check_folders(target, root)
    for target in targets:
        with _with_filename(target):
            target.unlink()
        _remove_parts(target, older_than=0)


def remove_parts(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder that this process owns.

    Files that cannot be removed stay.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name.startswith(".") and path.name.endswith(_SUFFIX):
                path.unlink()


def move_file(source: Path, target: Path) -> None:
    """Move a file to a path on any disk.

    Raises:
        OSError: the target cannot be written; the source stays.
    """
    replacement = Replacement(target)
    try:
        with _with_filename(target), open_if_regular(source) as content:
            shutil.copyfileobj(content, replacement.file)
        replacement.finish()
        replacement.publish()
    finally:
        replacement.discard()
    source.unlink()


def check_inside(target: Path, root: Path) -> None:
    """Refuse a path of a project that leads out of it.

    Args:
        target: the path of a file, which may not exist. Outside of `root` only the file itself is
            checked, since the caller chose the folder.
        root: the project's folder.

    Raises:
        UnsafePathError: the file is a symlink, or one of its folders leads out of `root`.
    """
    target = _absolute(target)
    _check_folders(target, root)
    if target.is_symlink():
        raise UnsafePathError(errno.ELOOP, "is a symlink: remove it", str(target))


def _check_folders(target: Path, root: Path) -> None:
    root = _absolute(root)
    base = _resolved(root)
    if not target.is_relative_to(root) and target.is_relative_to(base):
        root = base
    if target.is_relative_to(root):
        for folder in reversed(target.parents[: len(target.relative_to(root).parts) - 1]):
            if not _resolved(folder).is_relative_to(base):
                reason = "leads out of the project: remove the link, or name another folder"
                raise UnsafePathError(errno.ELOOP, reason, str(folder))


@contextmanager
def _with_filename(target: Path) -> Generator[None]:
    """Set the filename of an OSError that is raised inside."""
    try:
        yield
    except UnsafePathError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.EIO, reason, str(target)) from error


def _absolute(path: Path) -> Path:
    """Return the absolute path without `..`; symlinks are not followed."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow symlinks


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `Path.resolve` raises for a loop of symlinks


def _mode_of(target: Path) -> int | None:
    """Return the mode of a path; for a symlink to a device or pipe, the mode of its target."""
    try:
        mode = target.lstat().st_mode
        if stat.S_ISLNK(mode):
            followed = target.stat().st_mode
            return mode if stat.S_ISREG(followed) or stat.S_ISDIR(followed) else followed
    except FileNotFoundError:
        return None
    return mode


def _is_written_directly(target: Path, mode: int | None) -> bool:
    if is_device_path(target):
        return True
    return mode is not None and not stat.S_ISREG(mode) and not stat.S_ISLNK(mode)


def _open_directly(target: Path) -> BinaryIO:
    """Open a pipe or device for writing; wait for the reader of a pipe for a moment only."""
    flags = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    flags |= getattr(os, "O_BINARY", 0)
    deadline = time.monotonic() + _READER_SECONDS
    descriptor = -1
    while descriptor < 0:
        try:
            descriptor = os.open(target, flags)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() >= deadline:
                reason = "is a pipe or a socket that no process reads"
                raise OSError(error.errno, reason, str(target)) from error
            time.sleep(_POLL_SECONDS)
    try:
        if os.name == "posix":
            os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "wb")
    except BaseException:
        os.close(descriptor)
        raise


def _stem(target: Path) -> str:
    """Return the prefix of a target's temporary files."""
    name = target.name.encode("utf-8", "replace")[:_MAX_STEM_BYTES].decode("utf-8", "ignore")
    return f".{name}."


def _has_content(target: Path, content: bytes) -> bool:
    try:
        return (
            target.stat().st_size == len(content) and read_document(target, len(content)) == content
        )
    except OSError:
        return False


def _make_folders(folder: Path) -> list[Path]:
    """Create a folder and its parents; return the created ones, outermost first."""
    missing: list[Path] = []
    while not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise NotADirectoryError(
                errno.ENOTDIR,
                "is a file, not a folder",
                str(folder),
            )
        missing.append(folder)
        folder = folder.parent
    created: list[Path] = []
    try:
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            created.append(path)
    except OSError:
        for path in reversed(created):
            path.rmdir()
        raise
    return created


def _remove_parts(target: Path, *, older_than: float) -> None:
    """Remove the temporary files that killed processes left."""
    stem = _stem(target)
    with suppress(OSError):
        for path in target.parent.iterdir():
            is_part = path.name.startswith(stem) and path.name.endswith(_SUFFIX)
            if is_part and time.time() - path.lstat().st_mtime >= older_than:
                path.unlink()


def _sync_folders(folders: Iterable[Path]) -> None:
    """Wait until the new names are on the disk, if the system supports it."""
    if os.name != "posix":
        return
    for folder in folders:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
