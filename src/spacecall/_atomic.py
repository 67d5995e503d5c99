"""Files that appear whole or not at all: written beside their target, flushed, renamed."""

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

__all__ = [
    "Replacement",
    "UnsafePathError",
    "check_inside",
    "move_file",
    "remove_files",
    "write_file",
    "write_files",
]

_SUFFIX: Final = ".part"
_LONGEST_STEM: Final = 80
# A part that old was left behind by a process that was killed.
_ABANDONED_SECONDS: Final = 60.0
_DEVICE_FOLDERS: Final = ("dev", "proc")


class UnsafePathError(OSError):
    """A path of a project that leads out of it, or to another file than it says."""


class Replacement:
    """A file that is written beside its target, and then takes its place.

    A symlink at the target is replaced, not followed. What is not a regular file, such as
    `/dev/stdout` or a pipe, is written in place.

    Args:
        target: where the file will be.
        private: whether its owner alone can read it; otherwise it gets the mode of the file that
            it replaces, or that of any new file.
        numbered: whether it replaces nothing: if the name is taken, the file gets a number.

    Raises:
        OSError: no file can be written there; `filename` is the target.
    """

    def __init__(self, target: Path, *, private: bool = False, numbered: bool = False) -> None:
        self._target: Final = target
        self._numbered: Final = numbered
        self._part: Path | None = None
        with _names(target):
            mode = None if numbered else _mode_of(target)
            if mode is not None and stat.S_ISDIR(mode):
                raise OSError(errno.EISDIR, "is a folder, not a file")
            if not numbered and _is_written_in_place(target, mode):
                self.file: BinaryIO = target.open("wb")
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
        """Close the file with all that was written; the target stays as it is.

        Args:
            sync: whether to wait until it is on the disk.

        Raises:
            OSError: it cannot be written.
        """
        with _names(self._target):
            self.file.flush()
            if sync and self._part is not None:
                os.fsync(self.file.fileno())
            self.file.close()

    def publish(self) -> Path:
        """Put the finished file where it belongs, and return its path.

        Raises:
            OSError: it cannot be put there.
        """
        path = self._target
        if self._part is not None:
            with _names(path):
                if self._numbered:
                    path = _move_to_free_name(self._part, path)
                else:
                    self._part.replace(path)
            self._part = None
        return path

    def discard(self) -> None:
        """Take what was written away, unless it is published."""
        with suppress(OSError):
            self.file.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)


def _move_to_free_name(part: Path, target: Path) -> Path:
    """Move a file to `target`, or to a numbered name beside it, and return its path."""
    while True:
        number = _free_number(target)
        path = _with_number(target, number)
        with suppress(FileExistsError):  # somebody else was faster
            _move_without_replacing(part, path)
            return path


def _free_number(target: Path) -> int:
    """Find a number whose name is free. Of n files of one name it looks at about log n."""

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
    """Raise FileExistsError if there is something at `target`, also if it came just now."""
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
    """Write one file at a path that the caller chose.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    replacement = Replacement(target, private=private)
    try:
        with _names(target):
            replacement.file.write(content)
        replacement.finish()
        replacement.publish()
    finally:
        replacement.discard()


def write_files(files: Mapping[Path, bytes], root: Path) -> None:
    """Write files of a project that belong together.

    All of them are on the disk before the first replaces an older one, so that a full disk, a
    folder that cannot be written and a file where a folder should be change nothing. They are
    replaced in the given order: the last should be the one that says that the others are whole.
    A file that is the same already stays untouched.

    Args:
        files: their content; paths are absolute, or from the working directory.
        root: the project's folder. A path outside of it is one that the caller chose.

    Raises:
        UnsafePathError: a path leads out of the project, or ends at a symlink.
        OSError: a file cannot be written.
    """
    targets = {_absolute(path): content for path, content in files.items()}
    for target in targets:
        check_inside(target, root)
    changed = {path: content for path, content in targets.items() if not _has(path, content)}
    folders: list[Path] = []
    parts: list[Replacement] = []
    published = 0
    try:
        for target, content in changed.items():
            folders += _make_folders(target.parent)
            _sweep(target, older_than=_ABANDONED_SECONDS)
            part = Replacement(target)
            parts.append(part)
            with _names(target):
                part.file.write(content)
            part.finish()
        for part in parts:
            part.publish()
            published += 1
        _sync_folders({path.parent for path in [*changed, *folders]})
    except OSError as error:
        state = "nothing was changed" if not published else "only some files are new: repeat it"
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
    """Take files of a project away, and what a killed process left of them.

    Raises:
        UnsafePathError: a path leads out of the project; nothing is taken away then.
        OSError: a file cannot be taken away.
    """
    targets = [_absolute(path) for path in files]
    for target in targets:
        _check_folders(target, root)
    for target in targets:
        with _names(target):
            target.unlink()
        _sweep(target, older_than=0)


def move_file(source: Path, target: Path) -> None:
    """Move a file to a path on any disk.

    Raises:
        OSError: it cannot be written there; the source stays.
    """
    replacement = Replacement(target)
    try:
        with _names(target), source.open("rb") as content:
            shutil.copyfileobj(content, replacement.file)
        replacement.finish()
        replacement.publish()
    finally:
        replacement.discard()
    source.unlink()


def check_inside(target: Path, root: Path) -> None:
    """Refuse a path of a project that leads somewhere else.

    Args:
        target: a file, there or not. Outside of `root` only the file itself is looked at, since
            the caller chose the folder.
        root: the project's folder.

    Raises:
        UnsafePathError: the file is a symlink, or a folder on the way leads out of `root`.
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
def _names(target: Path) -> Generator[None]:
    """Let an error say which file it is about."""
    try:
        yield
    except UnsafePathError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno or errno.EIO, reason, str(target)) from error


def _absolute(path: Path) -> Path:
    """The path without `..`, as it is checked and then used."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow symlinks


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `Path.resolve` raises for a loop of symlinks


def _mode_of(target: Path) -> int | None:
    """The mode of what is there; of a symlink that of its target where that is no regular file."""
    try:
        mode = target.lstat().st_mode
        if stat.S_ISLNK(mode):
            followed = target.stat().st_mode
            return mode if stat.S_ISREG(followed) or stat.S_ISDIR(followed) else followed
    except FileNotFoundError:
        return None
    return mode


def _is_written_in_place(target: Path, mode: int | None) -> bool:
    if _absolute(target).parts[1:2] in [(folder,) for folder in _DEVICE_FOLDERS]:
        return True
    return mode is not None and not stat.S_ISREG(mode) and not stat.S_ISLNK(mode)


def _stem(target: Path) -> str:
    """How the parts of a target begin."""
    name = target.name.encode("utf-8", "replace")[:_LONGEST_STEM].decode("utf-8", "ignore")
    return f".{name}."


def _has(target: Path, content: bytes) -> bool:
    try:
        return target.stat().st_size == len(content) and target.read_bytes() == content
    except OSError:
        return False


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those that it is in; those that were made, outermost first."""
    missing: list[Path] = []
    while not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", str(folder))
        missing.append(folder)
        folder = folder.parent
    made: list[Path] = []
    try:
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            made.append(path)
    except OSError:
        for path in reversed(made):
            path.rmdir()
        raise
    return made


def _sweep(target: Path, *, older_than: float) -> None:
    """Take away the parts that a killed process left."""
    stem = _stem(target)
    with suppress(OSError):
        for path in target.parent.iterdir():
            is_part = path.name.startswith(stem) and path.name.endswith(_SUFFIX)
            if is_part and time.time() - path.lstat().st_mtime >= older_than:
                path.unlink()


def _sync_folders(folders: Iterable[Path]) -> None:
    """Wait until the new names are on the disk, where the system can do that."""
    if os.name != "posix":
        return
    for folder in folders:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
