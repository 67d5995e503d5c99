"""What a call gave, as it is printed; its files saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from spacecall.cli.output import as_json
from spacecall.files import File

__all__ = ["Folder", "printed", "readable"]


class Folder:
    """Where files of results go; none that is there already is replaced.

    Args:
        path: made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, file: File) -> str:
        """Save a file under its own name, numbered if that is taken: the path.

        Raises:
            OSError: it cannot be written.
            SpaceError: it could not be fetched.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        return str(await file.save(self._path))


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
