"""Save files of results in a folder of any file system that pyarrow knows."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from uuid import uuid4

from anyio.to_thread import run_sync

from spacecall._regular_files import open_if_regular
from spacecall.batch._row_arguments import to_reference
from spacecall.batch._row_files import import_pyarrow
from spacecall.errors import InvalidInputError
from spacecall.files import File


class ResultFolder:
    """A folder for files of results.

    Args:
        folder: a path, or an address such as `s3://bucket/folder`. With `filesystem`, a path there.
        filesystem: a `pyarrow.fs.FileSystem`; None for the one of the address.
        relative_to: a folder; paths of files are returned as relative to it.

    Raises:
        InvalidInputError: pyarrow does not know the address.
    """

    def __init__(
        self, folder: str, filesystem: Any = None, relative_to: Path | None = None
    ) -> None:
        self._folder = folder.rstrip("/")
        self._filesystem, self._path = filesystem, self._folder
        self._relative_to = relative_to
        self.is_local = filesystem is None and "://" not in folder
        if self.is_local:
            self._path = str(Path(folder).absolute())
            self._filesystem = import_pyarrow("pyarrow.fs").LocalFileSystem()
        elif filesystem is None:
            self._filesystem, self._path = _parse_address(folder)

    async def prepare(self) -> None:
        """Create the folder.

        Raises:
            OSError: it cannot be created.
        """
        await run_sync(lambda: self._filesystem.create_dir(self._path, recursive=True))

    async def check(self) -> None:
        """Check that this machine has the folder, if its path does not say on which machine it is.

        Raises:
            InvalidInputError: it has not.
        """
        if self.is_local and not await run_sync(Path(self._path).is_dir):
            raise InvalidInputError(
                f"a node of the cluster has no folder {self._path}: choose a folder that all nodes "
                "share, or an address such as s3://bucket/folder"
            )

    async def save(self, file: File, stem: str = "") -> str:
        """Save a file under its name, after the stem, and return where it is.

        Args:
            file: the file.
            stem: by default a digest of its content, so that the same file is saved once.

        Raises:
            OSError: the folder cannot be written.
            SpaceError: the file could not be fetched.
        """
        with TemporaryDirectory(prefix="spacecall-") as folder:
            path = await file.save(Path(folder) / "file")
            if not stem:
                stem = await run_sync(_digest, path)
            name = f"{stem}-{file.name}"
            await run_sync(self._upload, path, name)
        if self.is_local and self._relative_to is not None:
            return to_reference(Path(self._path) / name, self._relative_to)
        return f"{self._folder}/{name}"

    def _upload(self, path: Path, name: str) -> None:
        target = f"{self._path}/{name}"
        is_on_disk = self._filesystem.type_name == "local"
        # Elsewhere a file appears when it is complete.
        destination = f"{target}.{uuid4().hex}.part" if is_on_disk else target
        with (
            open_if_regular(path) as source,
            self._filesystem.open_output_stream(destination) as stream,
        ):
            shutil.copyfileobj(source, stream)
        if is_on_disk:
            self._filesystem.move(destination, target)


def _parse_address(address: str) -> tuple[Any, str]:
    pyarrow = import_pyarrow("pyarrow")
    try:
        filesystem, path = import_pyarrow("pyarrow.fs").FileSystem.from_uri(address)
    except (pyarrow.ArrowException, OSError) as error:
        raise InvalidInputError(f"invalid folder {address!r}: {error}") from error
    return filesystem, path.rstrip("/")


def _digest(path: Path) -> str:
    with open_if_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


async def replace_files(value: Any, save: Callable[[File], Awaitable[str | None]]) -> Any:
    """Return a result with what `save` returns in the place of each file."""
    if isinstance(value, File):
        return await save(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {key: await replace_files(member, save) for key, member in members.items()}
    if isinstance(value, (list, tuple)):
        return [await replace_files(item, save) for item in cast("Sequence[Any]", value)]
    return value
