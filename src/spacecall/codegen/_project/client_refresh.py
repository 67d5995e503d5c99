"""Read a client's app again, and write its schemas and module."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from spacecall._atomic import write_files
from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._project import client_builder, configuration, generated_files
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._project.project_lock import project_lock
from spacecall.codegen._schemas import overrides, schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.errors import InvalidInputError, NotFoundError

__all__ = ["RefreshResult", "refresh_client"]


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """The result of a refresh.

    Attributes:
        written: the schema folder and the module, if they changed.
        removed_endpoints: selected endpoints that the app no longer has.
    """

    written: tuple[Path, ...]
    removed_endpoints: tuple[str, ...] = ()


def refresh_client(client: Client, app: AppDocuments) -> RefreshResult:
    """Write a client's schemas and module again; files that would not change are left alone.

    Corrections are kept. Nothing is written if anything is wrong.

    Args:
        client: a client, with schemas or without.
        app: the app's current documents.

    Raises:
        InvalidInputError: an endpoint of the configuration does not exist, or the module's file was
            not generated.
        SchemaError: a correction does not fit the app's documents, or the old schemas are invalid.
        ProtocolError: the documents are not those of a Gradio app.
        UnsafePathError: a symlink leads to another file, or out of the project.
        OSError: a file cannot be written.
    """
    with project_lock(client.root):
        return _refresh(client.reread(), app)


def _refresh(client: Client, app: AppDocuments) -> RefreshResult:
    folder, removed_endpoints = _describe_client(client, app)
    corrected = overrides.apply_overrides(folder, overrides.read_overrides(client.folder))
    code = client_builder.render_schemas(corrected, client.folder, client.root, client.endpoints)
    client_builder.check_module(client.module, client.folder, client.root)
    schemas: list[tuple[Path, bytes]] = []
    if not _is_unchanged(client, folder):
        schemas += schema_folder.folder_files(client.folder, folder.lock, folder.documents).items()
    module = generated_files.changed_files(client.module, code, package=client.package)
    # the lock has the hashes of the other files, so it is written last
    write_files(dict([*schemas[:-1], *module.items(), *schemas[-1:]]), client.root)
    changes = {client.folder: schemas, client.module: module}
    return RefreshResult(
        tuple(path for path, files in changes.items() if files), tuple(removed_endpoints)
    )


def _describe_client(client: Client, app: AppDocuments) -> tuple[SchemaFolder, list[str]]:
    lock, settings = client.lock, client.settings
    names, removed_endpoints = settings.endpoints, list[str]()
    undocumented = settings.undocumented
    if lock is not None and not settings.has_table:
        names, undocumented = lock.endpoints, lock.undocumented
    if names is not None and not settings.has_table:
        app_endpoints = parse_endpoints(parse_config(app.config), app.info)
        removed_endpoints = [name for name in names if name not in app_endpoints]
        names = tuple(name for name in names if name in app_endpoints)
        if not names:
            raise InvalidInputError(f"the app no longer has any of {', '.join(removed_endpoints)}")
    try:
        folder = build_schema_folder(
            replace(app, source=_source(client, app)),
            lock.name if lock else client.name,
            endpoints=names,
            undocumented=undocumented,
            note=lock.note if lock else "",
        )
    except NotFoundError as error:
        key = f"tool.spacecall.spaces.{client.name}.endpoints"
        raise InvalidInputError(
            f"{configuration.CONFIGURATION_FILE}: {key}: {error.message}"
        ) from error
    if lock is None:
        return folder, removed_endpoints
    new_lock = folder.lock
    complete_lock = replace(
        new_lock,
        code=lock.code,
        access=new_lock.access or lock.access,
        hardware=new_lock.hardware or lock.hardware,
    )
    return replace(folder, lock=complete_lock), removed_endpoints


def _source(client: Client, app: AppDocuments) -> str:
    """Return the source for the lock: the configured one, else the app's, else the old one."""
    configured = client.settings.source
    if configured and not Path(configured).exists():
        return configured
    return app.source or (client.lock.source if client.lock else "")


def _is_unchanged(client: Client, new_folder: SchemaFolder) -> bool:
    """Check whether the schemas are unchanged; the date and the Space's commit do not count."""
    old_lock = client.lock
    if old_lock is None:
        return False
    if replace(new_folder.lock, date=old_lock.date, revision=old_lock.revision) != old_lock:
        return False
    try:
        return schema_folder.read_folder(client.folder).digest == new_folder.digest
    except SchemaError:
        return False
