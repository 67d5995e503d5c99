"""List the clients of a project, from its schema folders and its configuration."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from spacecall._atomic import remove_files
from spacecall._core.app_sources import space_id
from spacecall._suggestions import did_you_mean
from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._name_spelling import module_name, slug
from spacecall.codegen._project import client_builder, generated_files
from spacecall.codegen._project.configuration import Configuration, SpaceSettings
from spacecall.codegen._project.project_lock import project_lock
from spacecall.codegen._schemas import overrides, schema_folder
from spacecall.codegen._schemas.schema_folder import LOCK_FILE, Lock, SchemaFolder
from spacecall.errors import InvalidInputError

__all__ = ["Client", "find_clients", "find_orphans", "list_clients", "locate_client"]


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a project.

    Attributes:
        settings: its configuration, with its name.
        root: the project's folder.
        folder: its schema folder; it does not exist before the app is read for the first time.
        module: its Python file; it does not exist before it is generated.
        package: whether to make the module's folder a package.
        lock: the lock of its schema folder; None if there is none.
    """

    settings: SpaceSettings
    root: Path
    folder: Path
    module: Path
    package: bool
    lock: Lock | None = None

    @property
    def name(self) -> str:
        """The client's name in the project."""
        return self.settings.name

    @property
    def source(self) -> str:
        """The app's Space id or address: as configured, or of the lock; empty if not known."""
        return self.settings.source or (self.lock.source if self.lock else "")

    @property
    def endpoints(self) -> tuple[str, ...] | None:
        """The endpoints to generate and to check; None for all of the schema folder."""
        return self.settings.endpoints

    def read_schemas(self) -> SchemaFolder:
        """Read its schemas, without the corrections.

        Raises:
            SchemaError: the schemas cannot be read, or do not exist yet.
        """
        self._check_complete()
        try:
            return schema_folder.read_folder(self.folder)
        except SchemaError:
            # another command may be writing them
            with suppress(OSError), project_lock(self.root):
                return schema_folder.read_folder(self.folder)
            raise

    def reread(self) -> Client:
        """Return the client with the lock that its schema folder has now.

        Raises:
            SchemaError: the lock cannot be read.
        """
        if not (self.folder / LOCK_FILE).exists():
            return self
        return replace(self, lock=schema_folder.read_lock(self.folder))

    def _check_complete(self) -> None:
        if self.lock is None and _has_documents(self.folder):
            raise SchemaError(
                f"{self.folder} has no {LOCK_FILE}, because writing it was interrupted: run "
                f"spacecall add SOURCE again, or spacecall remove {self.name}"
            )
        if self.lock is None:
            raise SchemaError(f"{self.name} has no schemas yet: run spacecall refresh {self.name}")

    def render(self) -> str:
        """Return the text of its module, from the schemas and the corrections.

        Raises:
            SchemaError: the schemas cannot be read, do not fit the corrections, or lack an
                endpoint.
        """
        return self._render(self.read_schemas())

    def _render(self, schemas: SchemaFolder) -> str:
        corrected = overrides.apply_overrides(schemas, overrides.read_overrides(self.folder))
        return client_builder.render_schemas(corrected, self.folder, self.root, self.endpoints)

    def generate(self) -> bool:
        """Write its module if it would change, and return whether it did.

        Raises:
            SchemaError: as `render`.
            InvalidInputError: the module's file was not generated, or is another client's.
            OSError: the file cannot be written.
        """
        self._check_complete()
        with project_lock(self.root):
            code = self._render(schema_folder.read_folder(self.folder))
            client_builder.check_module(self.module, self.folder, self.root)
            return generated_files.write_if_changed(
                self.module, code, self.root, package=self.package
            )

    def remove(self) -> list[Path]:
        """Remove its files, and return them.

        Files in the schema folder that no command writes are kept, except the corrections, and so
        is a module that another client has replaced.

        Raises:
            InvalidInputError: the module's file was not generated; nothing is removed.
            UnsafePathError: a symlink leads out of the project; nothing is removed.
            OSError: a file cannot be removed.
        """
        with project_lock(self.root):
            file_names = [*schema_folder.DOCUMENTS, LOCK_FILE, overrides.OVERRIDES_FILE]
            files = [path for name in file_names if (path := self.folder / name).is_file()]
            if client_builder.module_owner(self.module, self.folder, self.root) is None:
                generated_files.check_replaceable(self.module, self.root)
                files += [self.module] if self.module.is_file() else []
            remove_files(files, self.root)
            if self.folder.is_dir() and not any(self.folder.iterdir()):
                self.folder.rmdir()
            return files


def locate_client(
    configuration: Configuration, name: str, source: str = "", code: Path | None = None
) -> Client:
    """Return the client called `name`, whether its files exist or not.

    Args:
        configuration: the project's configuration.
        name: the client's name.
        source: the source of its app, if the configuration has none.
        code: the path of its module, if the configuration has none for this client.

    Raises:
        InvalidInputError: no file can have this name.
    """
    settings = replace(configuration.settings_of(name), name=slug(name))
    try:
        paths = client_builder.client_paths(
            configuration.root,
            name,
            settings.source or source,
            schemas=configuration.schemas,
            into=settings.code or code or configuration.code,
        )
    except ValueError as error:
        raise InvalidInputError(f"{error}, or give another name") from error
    package = (settings.code or code) is None
    return Client(settings, configuration.root, paths.schemas, paths.module, package)


def list_clients(configuration: Configuration) -> list[Client]:
    """List all clients of the project, sorted by name.

    If several schema folders have the same client's name, each client has its folder's name. A
    folder that was not written to its end is the client of its name, without a lock.

    Raises:
        SchemaError: a lock cannot be read.
    """
    folders = sorted(configuration.schemas.iterdir()) if configuration.schemas.is_dir() else []
    locked = [_read_client(configuration, path) for path in folders if (path / LOCK_FILE).exists()]
    uses = Counter(client.name for client in locked)
    clients = [client if uses[client.name] == 1 else _by_folder(client) for client in locked]
    clients += [
        locate_client(configuration, name) for name in configuration.spaces if name not in uses
    ]
    complete = {client.folder for client in clients}
    for folder in folders:
        if folder not in complete and _has_documents(folder):
            client = replace(locate_client(configuration, folder.name), folder=folder)
            clients.append(_by_folder(client))
    return sorted(clients, key=lambda client: client.name)


def _read_client(configuration: Configuration, folder: Path) -> Client:
    lock = schema_folder.read_lock(folder)
    client = locate_client(
        configuration, lock.name or folder.name, lock.source, _code_of(configuration, folder, lock)
    )
    return replace(client, folder=folder, lock=lock)


def _code_of(configuration: Configuration, folder: Path, lock: Lock) -> Path | None:
    """Return the path of the module that a lock names.

    Raises:
        SchemaError: it is not a Python file in the project.
    """
    if not lock.code:
        return None
    path = Path(os.path.abspath(configuration.root / lock.code))  # noqa: PTH100 - without symlinks
    if path.suffix != ".py" or not path.is_relative_to(configuration.root):
        raise SchemaError(
            f"{folder / LOCK_FILE}: code must be a Python file in the project, not {lock.code!r}"
        )
    return path


def _by_folder(client: Client) -> Client:
    """Return a client under its folder's name; its name's settings are those of one app only."""
    settings, source = client.settings, client.lock.source if client.lock else ""
    if not settings.source or settings.source != source:
        settings = SpaceSettings(client.name, code=settings.code)
    return replace(client, settings=replace(settings, name=client.folder.name))


def _has_documents(folder: Path) -> bool:
    return any((folder / name).is_file() for name in schema_folder.DOCUMENTS)


def find_clients(configuration: Configuration, names: Sequence[str]) -> list[Client]:
    """Return the clients of a command: those in `names`, or all.

    Args:
        configuration: the project's configuration.
        names: names of clients or of their schema folders, or Space ids.

    Raises:
        InvalidInputError: a client does not exist, or the project has none.
        SchemaError: as `list_clients`.
    """
    clients = list_clients(configuration)
    if not names:
        if not clients:
            raise InvalidInputError(
                f"the project has no clients: {configuration.schemas} has no schema folder, and "
                "pyproject.toml has no [tool.spacecall.spaces.NAME]; run spacecall add SOURCE"
            )
        return clients
    chosen = {client.name: client for name in names for client in [_find_client(clients, name)]}
    return list(chosen.values())


def find_orphans(clients: Iterable[Client]) -> list[Path]:
    """List the generated modules that belong to no client, in the folders of those that do."""
    modules = {client.module for client in clients}
    folders = {path.parent for path in modules}
    modules_in_folders = [path for folder in folders for path in folder.glob("*.py")]
    return sorted(
        path
        for path in modules_in_folders
        if path not in modules and generated_files.is_generated(path)
    )


def _find_client(clients: Sequence[Client], name: str) -> Client:
    space = space_id(name)
    for client in clients:
        if name in (client.name, client.folder.name, module_name(client.name)):
            return client
        if space is not None and client.source and space == space_id(client.source):
            return client
    names = [client.name for client in clients]
    sharing = [
        client.name for client in clients if client.lock and slug(client.lock.name) == slug(name)
    ]
    if sharing:
        raise InvalidInputError(f"several clients have the name {name}: use {' or '.join(sharing)}")
    hint = did_you_mean(
        name, names, f"the clients are {', '.join(names)}" if names else "there are no clients"
    )
    raise InvalidInputError(f"no client is called {name}; {hint}")
