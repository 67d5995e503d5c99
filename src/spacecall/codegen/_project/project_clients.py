"""The clients of a project: what is in its schema folders, and what its configuration names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spacecall._atomic import remove_files
from spacecall._core.app_sources import space_id
from spacecall._suggestions import did_you_mean
from spacecall.codegen._names import module_name, slug
from spacecall.codegen._project import client_builder, generated_files
from spacecall.codegen._project.configuration import (
    Configuration,
    ConfigurationError,
    SpaceSettings,
)
from spacecall.codegen._schemas import overrides, schema_folder
from spacecall.codegen._schemas.schema_folder import LOCK, Lock, SchemaFolder
from spacecall.errors import InvalidInputError

__all__ = ["Client", "all_clients", "choose", "client_of", "orphans"]


@dataclass(frozen=True, slots=True)
class Client:
    """One client of a project.

    Attributes:
        settings: what the configuration says of it, its name among them.
        root: the project's folder.
        folder: its schemas; not there before they are fetched for the first time.
        module: its Python file; not there before it is generated.
        package: whether the module's folder is to be a package.
        lock: what the schemas were taken from; None where there are none.
    """

    settings: SpaceSettings
    root: Path
    folder: Path
    module: Path
    package: bool
    lock: Lock | None = None

    @property
    def name(self) -> str:
        """What the project calls it."""
        return self.settings.name

    @property
    def source(self) -> str:
        """Where the app is: as configured, or where the schemas were taken; empty if unknown."""
        return self.settings.source or (self.lock.source if self.lock else "")

    @property
    def endpoints(self) -> tuple[str, ...] | None:
        """Those to generate and to check; None for all that the schemas have."""
        return self.settings.endpoints

    def read(self) -> SchemaFolder:
        """Its schemas, without the corrections.

        Raises:
            SchemaError: they cannot be read, or there are none yet.
        """
        if self.lock is None:
            raise schema_folder.SchemaError(
                f"{self.name} has no schemas yet: spacecall refresh {self.name}"
            )
        return schema_folder.read(self.folder)

    def code(self) -> str:
        """Its module's text, made from the schemas and the corrections.

        Raises:
            SchemaError: they cannot be read, do not belong together, or lack an endpoint.
        """
        self.read()
        return client_builder.text_of(self.folder, self.root, self.endpoints)

    def generate(self) -> bool:
        """Write its module where it differs; whether it did.

        Raises:
            SchemaError: as `code`.
            InvalidInputError: somebody wrote the file that is in the way.
            OSError: it cannot be written.
        """
        return generated_files.write(self.module, self.code(), self.root, package=self.package)

    def remove(self) -> list[Path]:
        """Take its files away; those that were.

        A file in the schema folder that no command wrote stays, except the corrections.

        Raises:
            InvalidInputError: somebody wrote the module; nothing is taken away then.
            UnsafePathError: a symlink leads out of the project; nothing is taken away then.
            OSError: a file cannot be taken away.
        """
        generated_files.guard(self.module, self.root)
        known = [*schema_folder.DOCUMENTS, LOCK, overrides.FILE]
        files = [path for name in known if (path := self.folder / name).is_file()]
        files += [self.module] if self.module.is_file() else []
        remove_files(files, self.root)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
        return files


def client_of(configuration: Configuration, name: str, source: str = "") -> Client:
    """Where the files of the client called `name` go, whether they are there or not.

    Args:
        configuration: the project's.
        name: of the client.
        source: of its app, where the configuration does not say.

    Raises:
        InvalidInputError: no file can be called so.
    """
    settings = replace(configuration.named(name), name=slug(name))
    try:
        places = client_builder.places(
            configuration.root,
            name,
            settings.source or source,
            schemas=configuration.schemas,
            into=settings.code or configuration.code,
        )
    except ValueError as error:
        raise InvalidInputError(f"{error}, or give another name") from error
    package = settings.code is None
    return Client(settings, configuration.root, places.schemas, places.module, package)


def all_clients(configuration: Configuration) -> list[Client]:
    """Every client of the project, by name.

    Raises:
        SchemaError: a lock cannot be read, or a folder of schemas has none.
        ConfigurationError: two schema folders say that they are the same client's.
    """
    found: dict[str, Client] = {}
    folders = sorted(configuration.schemas.iterdir()) if configuration.schemas.is_dir() else []
    locked = [path for path in folders if (path / LOCK).is_file()]
    for folder in locked:
        lock = schema_folder.read_lock(folder)
        one = client_of(configuration, lock.name or folder.name, lock.source)
        if one.name in found:
            other = found[one.name].folder
            raise ConfigurationError(
                f"{folder} and {other} both have the schemas of {one.name}: take one away"
            )
        found[one.name] = replace(one, folder=folder, lock=lock)
    for name in configuration.spaces:
        found.setdefault(name, client_of(configuration, name))
    expected = {one.folder for one in found.values()}
    for folder in folders:
        if folder not in expected and any(
            (folder / name).is_file() for name in schema_folder.DOCUMENTS
        ):
            raise schema_folder.SchemaError(
                f"{folder} has no {LOCK}: writing it was interrupted; spacecall add SOURCE writes "
                "it again, or take the folder away"
            )
    return [found[name] for name in sorted(found)]


def choose(configuration: Configuration, names: Sequence[str]) -> list[Client]:
    """The clients that a command is about: those of `names`, or all.

    Args:
        configuration: the project's.
        names: of clients, of their schema folders, or their Spaces' ids.

    Raises:
        InvalidInputError: there is no such client, or none at all.
        SchemaError, ConfigurationError: as `all_clients`.
    """
    known = all_clients(configuration)
    if not names:
        if not known:
            raise InvalidInputError(
                f"no client is known: there is no schema folder in {configuration.schemas}, "
                "and pyproject.toml names none: spacecall add SOURCE"
            )
        return known
    chosen = {one.name: one for name in names for one in [_find(known, name)]}
    return list(chosen.values())


def orphans(known: Iterable[Client]) -> list[Path]:
    """Generated modules beside those of the clients that belong to no client."""
    modules = {one.module for one in known}
    # `_generated.py` is one module in a folder for each client
    folders = {path.parent for path in modules if not path.name.startswith("_")}
    beside = [path for folder in folders for path in folder.glob("*.py")]
    return sorted(
        path for path in beside if path not in modules and generated_files.is_generated(path)
    )


def _find(known: Sequence[Client], name: str) -> Client:
    for one in known:
        if name in (one.name, one.folder.name, module_name(one.name)):
            return one
        if one.source and space_id(name) is not None and space_id(name) == space_id(one.source):
            return one
    names = [client.name for client in known]
    hint = did_you_mean(name, names, f"there is {', '.join(names) or 'none'}")
    raise InvalidInputError(f"no client is called {name}; {hint}")
