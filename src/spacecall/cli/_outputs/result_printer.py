"""What a call gave, as it is printed; its files saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import as_json, tell
from spacecall.cli._support.exit_codes import DONE, message_of, status_of
from spacecall.errors import SpaceError
from spacecall.files import File

__all__ = ["Folder", "printed", "readable"]


class Folder:
    """Where files of results go; none that is there already is replaced.

    Args:
        path: made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failures: list[tuple[str, Exception]] = []

    async def put(self, file: File) -> str:
        """Save a file under its own name, numbered if that is taken.

        Returns:
            The path; the file's address, or its name, if it cannot be saved, which `report` tells.
        """
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            return str(await file.save(self._path))
        except (OSError, SpaceError) as error:
            self._failures.append((file.name, error))
            return file.url or file.name

    def report(self) -> int:
        """Tell which files could not be saved, and why: the exit code."""
        for name, error in self._failures:
            tell(f"spacecall: {visible_line(name)} was not saved: {message_of(error)}")
        return status_of(self._failures[0][1]) if self._failures else DONE


async def readable(value: Any, folder: Folder | None) -> Any:
    """A result with each file replaced by its path in `folder`, or by its address without one."""
    if isinstance(value, File):
        return await folder.put(value) if folder else value.url
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {key: await readable(one, folder) for key, one in members.items()}
    if isinstance(value, (list, tuple)):
        return [await readable(one, folder) for one in cast("Sequence[Any]", value)]
    return value


def printed(value: Any, *, indent: int | None = None) -> str:
    """A readable result as it goes to stdout: a text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else as_json(value, indent=indent)
    return text if text.endswith("\n") else f"{text}\n"
