"""A client's schemas and module, taken from its app again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from spacecall._atomic import write_files
from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall.codegen._project import client_builder, configuration, generated_files
from spacecall.codegen._project.client_builder import describe
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._schemas import overrides, schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.errors import InvalidInputError, NotFoundError

__all__ = ["Refreshed", "refresh"]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did.

    Attributes:
        written: the schema folder and the module, where they changed.
        gone: endpoints that the schemas had by choice, and that the app does not have any more.
    """

    written: tuple[Path, ...]
    gone: tuple[str, ...] = ()


def refresh(client: Client, app: AppDocuments) -> Refreshed:
    """Write the schemas of a client again, and its module; what is the same stays untouched.

    The corrections stay. Nothing is written if anything is wrong.

    Args:
        client: with schemas or without.
        app: what the app says now.

    Raises:
        InvalidInputError: an endpoint that the configuration names is not there, or somebody wrote
            the file that is in the way of the module.
        SchemaError: a correction is not about what the app says now, or the old schemas are broken.
        ProtocolError: this is not a Gradio app.
        UnsafePathError: a symlink leads to another file, or out of the project.
        OSError: a file cannot be written.
    """
    new, gone = _described(client, app)
    right = overrides.corrected(new, overrides.read_overrides(client.folder))
    code = client_builder.text_in(right, client.folder, client.root, client.endpoints)
    generated_files.guard(client.module, client.root)
    schemas: list[tuple[Path, bytes]] = []
    if not _same(client, new):
        schemas += schema_folder.files_of(client.folder, new.lock, new.documents).items()
    module = generated_files.files_of(client.module, code, package=client.package)
    # the lock vouches for all of it
    write_files(dict([*schemas[:-1], *module.items(), *schemas[-1:]]), client.root)
    changes = {client.folder: schemas, client.module: module}
    return Refreshed(tuple(path for path, files in changes.items() if files), tuple(gone))


def _described(client: Client, app: AppDocuments) -> tuple[SchemaFolder, list[str]]:
    lock, settings = client.lock, client.settings
    names, gone = settings.endpoints, list[str]()
    undocumented = settings.undocumented
    if lock is not None and not settings.given:
        names, undocumented = lock.endpoints, lock.undocumented
    if names is not None and not settings.given:
        there = parse_endpoints(parse_config(app.config), app.info)
        gone = [name for name in names if name not in there]
        names = tuple(name for name in names if name in there)
        if not names:
            raise InvalidInputError(f"the app has none of {', '.join(gone)} any more")
    try:
        folder = describe(
            replace(app, source=_source(client, app)),
            client.name,
            endpoints=names,
            undocumented=undocumented,
            note=lock.note if lock else "",
        )
    except NotFoundError as error:
        key = f"tool.spacecall.spaces.{client.name}.endpoints"
        raise InvalidInputError(f"{configuration.FILE}: {key}: {error.message}") from error
    if lock is None:
        return folder, gone
    new = folder.lock
    known = replace(new, access=new.access or lock.access, hardware=new.hardware or lock.hardware)
    return replace(folder, lock=known), gone


def _source(client: Client, app: AppDocuments) -> str:
    """What the lock says: the configured app, else the one that answered, else as before."""
    configured = client.settings.source
    if configured and not Path(configured).exists():
        return configured
    return app.source or (client.lock.source if client.lock else "")


def _same(client: Client, new: SchemaFolder) -> bool:
    """Whether nothing changed that matters; the day and the Space's commit alone do not."""
    was = client.lock
    if was is None or replace(new.lock, date=was.date, revision=was.revision) != was:
        return False
    try:
        return schema_folder.read(client.folder).digest == new.digest
    except schema_folder.SchemaError:
        return False
