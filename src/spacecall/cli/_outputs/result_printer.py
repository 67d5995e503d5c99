"""Save the files of a result, and format it for stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import to_json, write_message
from spacecall.cli._support.exit_codes import DONE
from spacecall.errors import SpaceError
from spacecall.files import File

__all__ = ["OutputFolder", "format_result", "replace_files"]


class OutputFolder:
    """Saves the files of results in a folder, without replacing existing files.

    Args:
        path: the folder, which is created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failures: list[tuple[str, Exception]] = []

    async def save(self, file: File) -> str:
        """Save a file under its name, with a number if that name is taken.

        Returns:
            The path. If the file cannot be saved: its address or its name, and
            `report_failures` reports the error.
        """
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            return str(await file.save(self._path))
        except (OSError, SpaceError) as error:
            self._failures.append((file.name, error))
            return file.url or file.name

    def report_failures(self) -> int:
        """Write an error for each file that could not be saved; return the exit code."""
        if not self._failures:
            return DONE
        # Imports the errors of all packages.
        from spacecall.cli._support.error_reports import (  # noqa: PLC0415
            exit_code_for,
            format_error,
        )

        for name, error in self._failures:
            reason = format_error(error)
            write_message(f"spacecall: {visible_line(name)} was not saved: {reason}")
        return exit_code_for(self._failures[0][1])


async def replace_files(value: Any, folder: OutputFolder | None) -> Any:
    """Replace each file in a result by its path in `folder`, or by its address without a folder."""
    if isinstance(value, File):
        return await folder.save(value) if folder else value.url
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {key: await replace_files(member, folder) for key, member in members.items()}
    if isinstance(value, (list, tuple)):
        return [await replace_files(item, folder) for item in cast("Sequence[Any]", value)]
    return value


def format_result(value: Any, *, indent: int | None = None) -> str:
    """Format a result without files for stdout: a text unchanged, any other value as JSON."""
    text = value if isinstance(value, str) else to_json(value, indent=indent)
    return text if text.endswith("\n") else f"{text}\n"
