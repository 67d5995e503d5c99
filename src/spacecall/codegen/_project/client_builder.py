"""Build a client: choose its file names, describe its app, and write its schemas and module."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from spacecall._atomic import remove_files, write_files
from spacecall._client.calls.call_arguments import get_endpoint
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall._core.app_sources import space_id
from spacecall._core.json_values import as_dict, as_str
from spacecall._filenames import safe_name
from spacecall._regular_files import read_document
from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._name_spelling import module_name, slug
from spacecall.codegen._project import generated_files
from spacecall.codegen._project.project_lock import project_lock
from spacecall.codegen._python.client_module import write_module
from spacecall.codegen._schemas import overrides, schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.codegen._schemas.endpoint_selection import select_endpoints
from spacecall.codegen._schemas.schema_documents import JOIN_FILE, build_documents, endpoint_schemas
from spacecall.codegen._schemas.schema_folder import LOCK_FILE, Lock, SchemaFolder
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, NotFoundError

__all__ = [
    "AddedClient",
    "ClientPaths",
    "add_client",
    "build_schema_folder",
    "check_module",
    "choose_endpoints",
    "client_paths",
    "derive_name",
    "generate_module",
    "module_owner",
    "render_folder",
    "render_schemas",
]


@dataclass(frozen=True, slots=True)
class ClientPaths:
    """The paths of a client's files.

    Attributes:
        schemas: the schema folder.
        module: the Python file.
        origin: the schema folder's path as the module names it.
    """

    schemas: Path
    module: Path
    origin: str


@dataclass(frozen=True, slots=True)
class AddedClient:
    """The result of `add_client`.

    Attributes:
        folder: the schemas as written.
        paths: the paths of the schemas and of the module.
        older_module: the client's module in another place before, if any.
        removed_older: whether that was removed, since it was as it had been generated.
    """

    folder: SchemaFolder
    paths: ClientPaths
    older_module: Path | None = None
    removed_older: bool = False


def add_client(
    app: AppDocuments,
    root: Path,
    *,
    name: str = "",
    schemas: Path | None = None,
    into: Path | None = None,
    chosen: Path | None = None,
    keeps_module: bool = False,
    package: bool | None = None,
    endpoints: Sequence[str] | None = None,
    undocumented: bool = False,
    note: str = "",
    reserved_names: Collection[str] = (),
) -> AddedClient:
    """Write the schema folder and the module of an app's client.

    The client of another app is never replaced. A module of this client in another place is
    removed, unless somebody has changed it.

    Args:
        app: the app's documents.
        root: the project's folder.
        name: the client's name; by default derived from the Space's id, the app's title or its
            host.
        schemas: the folder of all schema folders; by default `schemas/spaces`.
        into: the Python file to write, or the folder for it.
        chosen: the same, if the user chose it for this client: the lock names it, so that other
            commands find the module.
        keeps_module: whether the module stays where the lock of an older client says, without
            `chosen`.
        package: whether to make that folder a package; by default only without `into`.
        endpoints: the names of the endpoints to generate; by default all public ones.
        undocumented: whether undocumented endpoints are included.
        note: a remark for the lock.
        reserved_names: names of other apps' clients that do not exist yet.

    Raises:
        ProtocolError: the documents are not those of a Gradio app.
        NotFoundError: the app has no such endpoint.
        InvalidInputError: no file can have this name, another app's client has it, or the module's
            file was not generated.
        SchemaError: the folder's overrides.toml does not fit this app.
        OSError: a file cannot be written.
    """
    client_name = name or derive_name(app)
    try:
        paths = client_paths(root, client_name, app.source, schemas=schemas, into=chosen or into)
        if chosen is None and keeps_module and (code := _read_code(paths.schemas)):
            chosen = root / code
            paths = client_paths(root, client_name, app.source, schemas=schemas, into=chosen)
    except ValueError as error:
        raise InvalidInputError(f"{error}, or give another name") from error
    _check_case(paths.schemas)
    name = slug(client_name)
    if name in reserved_names:
        raise InvalidInputError(
            f"the client {name} of pyproject.toml belongs to another app: choose another name with "
            "--name"
        )
    folder = build_schema_folder(
        app, name, endpoints=endpoints, undocumented=undocumented, note=note
    )
    if chosen is not None:
        noted = replace(folder.lock, code=_code_of(paths.module, root))
        folder = replace(folder, lock=noted)
    corrected = overrides.apply_overrides(folder, overrides.read_overrides(paths.schemas))
    code = write_module(corrected, origin=paths.origin)
    if package is None or chosen is not None:
        package = into is None and chosen is None
    with project_lock(root):
        _check_name(name, paths, app, folder, root)
        check_module(paths.module, paths.schemas, root)
        older = None
        if chosen is not None:
            noted_module = _read_code(paths.schemas)
            before = root / noted_module if noted_module else into
            module_before = client_paths(root, client_name, app.source, into=before).module
            older = _older_module(module_before, paths)
        is_unchanged = older is not None and _is_as_generated(older, paths.schemas, root)
        *document_files, lock = schema_folder.folder_files(
            paths.schemas, folder.lock, folder.documents
        ).items()
        module = generated_files.changed_files(paths.module, code, package=package)
        # the lock has the hashes of the other files, so it is written last
        write_files(dict([*document_files, *module.items(), lock]), root)
        if older is not None and is_unchanged:
            remove_files([older], root)
    return AddedClient(
        schema_folder.make_folder(paths.schemas.name, folder.lock, folder.documents),
        paths,
        older,
        is_unchanged,
    )


def _older_module(module: Path, paths: ClientPaths) -> Path | None:
    """Return the module that a client had before, if it is another file of this client."""
    if not module.is_file() or (paths.module.exists() and module.samefile(paths.module)):
        return None
    return module if generated_files.is_generated_from(module, paths.origin) else None


def _is_as_generated(module: Path, folder: Path, root: Path) -> bool:
    try:
        return generated_files.has_text(module, render_folder(folder, root))
    except (SchemaError, NotFoundError):  # nobody knows
        return False


def _read_code(folder: Path) -> str:
    """Return the path of the module that the lock of a schema folder names, if any."""
    try:
        code = schema_folder.read_lock(folder).code if (folder / LOCK_FILE).exists() else ""
    except SchemaError:  # interrupted
        return ""
    return "" if ".." in Path(code).parts or Path(code).is_absolute() else code


def _code_of(module: Path, root: Path) -> str:
    """Return the path of a module in the project; empty outside of it."""
    absolute = Path(os.path.abspath(module))  # noqa: PTH100 - without symlinks
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else ""


def check_module(module: Path, folder: Path, root: Path) -> None:
    """Raise an error if a client's module must not be replaced.

    Args:
        module: the module's file.
        folder: the client's schema folder.
        root: the project's folder.

    Raises:
        InvalidInputError: the file was not generated, or is the module of another client.
        UnsafePathError: a symlink leads to another file, or out of the project.
    """
    generated_files.check_replaceable(module, root)
    if (owner := module_owner(module, folder, root)) is not None:
        raise InvalidInputError(
            f"{module} was generated from the schema folder {_origin(owner, root)}: give the "
            f"client of {_origin(folder, root)} another name or file, with spacecall add SOURCE "
            "--name NAME or --into FILE"
        )


def module_owner(module: Path, folder: Path, root: Path) -> Path | None:
    """Return the other schema folder that a module was generated from, beside `folder`, if any."""
    if not module.is_file() or generated_files.is_generated_from(module, _origin(folder, root)):
        return None
    neighbours = (path.parent for path in sorted(folder.parent.glob(f"*/{LOCK_FILE}")))
    return next(
        (
            path
            for path in neighbours
            if generated_files.is_generated_from(module, _origin(path, root))
        ),
        None,
    )


def build_schema_folder(
    app: AppDocuments,
    name: str,
    *,
    endpoints: Sequence[str] | None = None,
    undocumented: bool = False,
    note: str = "",
) -> SchemaFolder:
    """Return the content of an app's schema folder; arguments and errors as in `add_client`."""
    config = parse_config(app.config)
    chosen, left_out = choose_endpoints(config, app.info, endpoints, undocumented=undocumented)
    lock = Lock(
        name=name,
        source=app.source,
        title=config.title,
        gradio=config.version,
        protocol=config.protocol,
        date=datetime.now(UTC).date().isoformat(),
        note=note,
        endpoints=None if endpoints is None else tuple(endpoint.name for endpoint in chosen),
        undocumented=undocumented,
        access=app.access,
        hardware=app.hardware,
        revision=app.revision,
        left_out={
            name: visibility for name, visibility in left_out.items() if visibility == "private"
        },
    )
    return schema_folder.make_folder(name, lock, build_documents(config, chosen))


def choose_endpoints(
    config: AppConfig, info: object, names: Sequence[str] | None, *, undocumented: bool
) -> tuple[list[Endpoint], dict[str, str]]:
    """Return the endpoints to generate in the app's order, and the visibility of the others.

    Raises:
        NotFoundError: the app has no endpoint of a name; the message names the nearest.
    """
    available = parse_endpoints(config, info)
    if names is not None:
        matches = {get_endpoint(available, name).name for name in names}
        return [endpoint for endpoint in available.values() if endpoint.name in matches], {}
    chosen = [
        endpoint
        for endpoint in available.values()
        if endpoint.listed or (undocumented and endpoint.visibility != "private")
    ]
    chosen_names = {endpoint.name for endpoint in chosen}
    visibilities = {
        dependency.name: dependency.visibility
        for dependency in config.dependencies
        if dependency.name
    }
    left_out = {
        name: visibility
        for name, visibility in visibilities.items()
        if name not in chosen_names and visibility != "public"
    }
    return chosen, dict(sorted(left_out.items()))


def client_paths(
    root: Path,
    name: str,
    source: str = "",
    *,
    schemas: Path | None = None,
    into: Path | None = None,
) -> ClientPaths:
    """Return the paths of the client called `name`; arguments as in `add_client`.

    Raises:
        ValueError: no file can have this name.
    """
    module = module_name(name)
    space = space_id(source)
    folder = safe_name(space.replace("/", "--")) if space else slug(name)
    folder_path = (schemas or root / "schemas" / "spaces") / folder
    if into is not None:
        path = into if into.suffix == ".py" else into / f"{module}.py"
    elif _is_spacecall(root):
        # `some-space-client` is beside the facade of the Space
        package = module.removesuffix("_client")
        path = root / "src" / "spacecall" / "spaces" / package / "client.py"
    else:
        path = root / "spaces" / f"{module}.py"
    return ClientPaths(folder_path, path, _origin(folder_path, root))


def generate_module(folder: Path, module: Path, root: Path) -> None:
    """Write the module of a schema folder.

    Raises:
        SchemaError: the folder cannot be read.
        InvalidInputError: the module's file was not generated.
        OSError: the file cannot be written.
    """
    generated_files.write_if_changed(module, render_folder(folder, root), root, package=False)


def render_folder(folder: Path, root: Path, endpoints: Sequence[str] | None = None) -> str:
    """Return the text of the module of a schema folder with its corrections.

    Args:
        folder: the schema folder.
        root: the project's folder.
        endpoints: the names of the endpoints to generate; by default all of the folder.

    Raises:
        SchemaError: the folder cannot be read, a correction does not fit it, or it has no such
            endpoint.
    """
    corrected = overrides.apply_overrides(
        schema_folder.read_folder(folder), overrides.read_overrides(folder)
    )
    return render_schemas(corrected, folder, root, endpoints)


def render_schemas(
    schemas: SchemaFolder, folder: Path, root: Path, endpoints: Sequence[str] | None = None
) -> str:
    """Return the text of the module of corrected schemas; errors as in `render_folder`.

    Args:
        schemas: the content of the folder, written or not.
        folder: the schema folder.
        root: the project's folder.
        endpoints: the names of the endpoints to generate; by default all of the folder.
    """
    return write_module(select_endpoints(schemas, endpoints), origin=_origin(folder, root))


def derive_name(app: AppDocuments) -> str:
    """Return the name for a client: from the Space's id, the app's title, or the host.

    Raises:
        ProtocolError: the documents are not those of a Gradio app.
    """
    config = parse_config(app.config)
    space = space_id(app.source)
    if space:
        return space.partition("/")[2]
    return slug(config.title) or slug(urlsplit(app.source).hostname or "") or "app"


def _check_name(
    name: str, paths: ClientPaths, app: AppDocuments, new: SchemaFolder, root: Path
) -> None:
    """Raise an error if the client of another app has the name or the files."""
    for path in sorted(paths.schemas.parent.glob(f"*/{LOCK_FILE}")):
        folder = path.parent
        if folder == paths.schemas:
            lock = schema_folder.read_lock(folder)
            is_other = not _is_same_app(folder, lock, app, new)
        else:
            try:
                lock = schema_folder.read_lock(folder)
            except SchemaError:
                continue
            is_other = slug(lock.name or folder.name) == name
        if is_other:
            owner = f"{lock.source or lock.heading} ({_origin(folder, root)})"
            raise InvalidInputError(
                f"the client {lock.name or folder.name} belongs to {owner}: choose another name "
                "with --name. If this is the same app at another address, run spacecall refresh "
                f"{folder.name} --source SOURCE"
            )


def _is_same_app(folder: Path, lock: Lock, app: AppDocuments, new: SchemaFolder) -> bool:
    """Check whether a schema folder describes the app that is added now."""
    if lock.source and app.source:
        return (space_id(lock.source) or lock.source) == (space_id(app.source) or app.source)
    try:
        old = schema_folder.read_folder(folder)
    except SchemaError:  # interrupted
        return (lock.title, lock.source) == (new.lock.title, app.source)
    inputs = [
        endpoint_schemas(documents[JOIN_FILE]) for documents in (old.documents, new.documents)
    ]
    common = inputs[0].keys() & inputs[1].keys()
    return old.digest == new.digest or (
        bool(common) and all(inputs[0][endpoint] == inputs[1][endpoint] for endpoint in common)
    )


def _check_case(folder: Path) -> None:
    """Raise an error if another schema folder's name differs by upper and lower case only.

    Many file systems would take both for the same folder.
    """
    neighbours = folder.parent.iterdir() if folder.parent.is_dir() else ()
    for path in neighbours:
        if path.name != folder.name and path.name.casefold() == folder.name.casefold():
            raise InvalidInputError(
                f"{folder.name} differs from {path} by upper and lower case only: use the same "
                "spelling, or remove that folder"
            )


def _is_spacecall(root: Path) -> bool:
    try:
        project = tomllib.loads(read_document(root / "pyproject.toml").decode())
    except (OSError, ValueError, RecursionError):
        return False
    return as_str(as_dict(project.get("project")).get("name")) == "spacecall"


def _origin(folder: Path, root: Path) -> str:
    absolute = folder.resolve()
    base = root.resolve()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else folder.name
