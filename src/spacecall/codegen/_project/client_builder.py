"""Where the schemas and the code of a project go, and the work from one to the other."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from spacecall._atomic import write_files
from spacecall._client.calls.call_arguments import get_endpoint
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall._core.app_sources import space_id
from spacecall._core.json_values import as_dict, as_str
from spacecall._filenames import safe_name
from spacecall.codegen._names import module_name, slug
from spacecall.codegen._project import generated_files
from spacecall.codegen._python.client_module import write_module
from spacecall.codegen._schemas import overrides, schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.codegen._schemas.endpoint_selection import restricted
from spacecall.codegen._schemas.schema_documents import documents
from spacecall.codegen._schemas.schema_folder import Lock, SchemaFolder
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError

__all__ = [
    "Added",
    "Places",
    "add",
    "describe",
    "generate",
    "places",
    "text_in",
    "text_of",
    "wanted",
]


@dataclass(frozen=True, slots=True)
class Places:
    """Where one client's files go.

    Attributes:
        schemas: the folder of its schemas.
        module: the Python file.
        origin: how the module calls the folder.
    """

    schemas: Path
    module: Path
    origin: str


@dataclass(frozen=True, slots=True)
class Added:
    """What `add` did.

    Attributes:
        folder: the schemas as written.
        places: where they are, and the module.
    """

    folder: SchemaFolder
    places: Places


def add(
    app: AppDocuments,
    root: Path,
    *,
    name: str = "",
    schemas: Path | None = None,
    into: Path | None = None,
    package: bool | None = None,
    endpoints: Sequence[str] | None = None,
    undocumented: bool = False,
    note: str = "",
) -> Added:
    """Write the schema folder of an app, and its client.

    Args:
        app: what the app says.
        root: the project's folder.
        name: of the client; by default made from the Space's id, the app's title or its host.
        schemas: the folder of all schema folders; by default `schemas/spaces`.
        into: the Python file to write, or the folder for it.
        package: whether that folder is to be a package; by default it is if `into` is not given.
        endpoints: the names of those to generate; by default all public ones.
        undocumented: whether those that the app's page does not show count too.
        note: kept in the lock.

    Raises:
        ProtocolError: this is no Gradio app.
        NotFoundError: the app has no such endpoint.
        InvalidInputError: no file can be called so, or the module is not a generated one.
        SchemaError: the folder's overrides.toml is not about this app.
        OSError: a file cannot be written.
    """
    config = parse_config(app.config)
    wanted_name = name or _derived(app, config)
    try:
        where = places(root, wanted_name, app.source, schemas=schemas, into=into)
    except ValueError as error:
        raise InvalidInputError(f"{error}, or give another name") from error
    _check_case(where.schemas)
    name = slug(wanted_name)
    folder = describe(app, name, endpoints=endpoints, undocumented=undocumented, note=note)
    right = overrides.corrected(folder, overrides.read_overrides(where.schemas))
    code = write_module(right, origin=where.origin)
    generated_files.guard(where.module, root)
    package = into is None if package is None else package
    *documents_, lock = schema_folder.files_of(where.schemas, folder.lock, folder.documents).items()
    module = generated_files.files_of(where.module, code, package=package)
    # the lock vouches for all of it
    write_files(dict([*documents_, *module.items(), lock]), root)
    return Added(schema_folder.pack(where.schemas.name, folder.lock, folder.documents), where)


def describe(
    app: AppDocuments,
    name: str,
    *,
    endpoints: Sequence[str] | None = None,
    undocumented: bool = False,
    note: str = "",
) -> SchemaFolder:
    """The content of an app's schema folder. Arguments and errors are those of `add`."""
    config = parse_config(app.config)
    chosen, left_out = wanted(config, app.info, endpoints, undocumented=undocumented)
    lock = Lock(
        name=name,
        source=app.source,
        title=config.title,
        gradio=config.version,
        protocol=config.protocol,
        date=datetime.now(UTC).date().isoformat(),
        note=note,
        endpoints=None if endpoints is None else tuple(one.name for one in chosen),
        undocumented=undocumented,
        access=app.access,
        hardware=app.hardware,
        revision=app.revision,
        left_out={name: why for name, why in left_out.items() if why == "private"},
    )
    return schema_folder.pack(name, lock, documents(config, chosen))


def wanted(
    config: AppConfig, info: object, names: Sequence[str] | None, *, undocumented: bool
) -> tuple[list[Endpoint], dict[str, str]]:
    """The endpoints to generate, in the app's order, and why others are left out.

    Raises:
        NotFoundError: the app has no endpoint of a name; the message names the nearest.
    """
    found = parse_endpoints(config, info)
    if names is not None:
        matches = {get_endpoint(found, name).name for name in names}
        return [each for each in found.values() if each.name in matches], {}
    shown = {"public", "undocumented"} if undocumented else {"public"}
    chosen = [each for each in found.values() if each.visibility in shown]
    known = {each.name for each in chosen}
    others = {one.name: one.visibility for one in config.dependencies if one.name}
    left_out = {name: why for name, why in others.items() if name not in known and why != "public"}
    return chosen, dict(sorted(left_out.items()))


def places(
    root: Path,
    name: str,
    source: str = "",
    *,
    schemas: Path | None = None,
    into: Path | None = None,
) -> Places:
    """Where the files of the client called `name` go; arguments are those of `add`.

    Raises:
        ValueError: no file can be called so.
    """
    module = module_name(name)
    owner_and_name = space_id(source)
    folder = safe_name(owner_and_name.replace("/", "--")) if owner_and_name else slug(name)
    folder_path = (schemas or root / "schemas" / "spaces") / folder
    if into is None:
        own = root / "src" / "spacecall" / "spaces"
        path = own / module / "_generated.py" if _is_own(root) else root / "spaces" / f"{module}.py"
    else:
        path = into if into.suffix == ".py" else into / f"{module}.py"
    return Places(folder_path, path, _shown(folder_path, root))


def generate(folder: Path, module: Path, root: Path) -> None:
    """Write the client of a schema folder.

    Raises:
        SchemaError: the folder cannot be read.
        InvalidInputError: the module is not a generated one.
        OSError: it cannot be written.
    """
    generated_files.write(module, text_of(folder, root), root, package=False)


def text_of(folder: Path, root: Path, endpoints: Sequence[str] | None = None) -> str:
    """The client of a schema folder with its corrections, as text.

    Args:
        folder: the schemas.
        root: the project's folder.
        endpoints: the names of those to generate; by default all that are there.

    Raises:
        SchemaError: the folder cannot be read, a correction is not about it, or it has no such
            endpoint.
    """
    right = overrides.corrected(schema_folder.read(folder), overrides.read_overrides(folder))
    return text_in(right, folder, root, endpoints)


def text_in(
    schemas: SchemaFolder, folder: Path, root: Path, endpoints: Sequence[str] | None = None
) -> str:
    """The client of corrected schemas, as text. Arguments and errors are those of `text_of`.

    Args:
        schemas: what is, or will be, in the folder.
    """
    return write_module(restricted(schemas, endpoints), origin=_shown(folder, root))


def _derived(app: AppDocuments, config: AppConfig) -> str:
    """A name for a client: the Space's, the app's title, the host."""
    owner_and_name = space_id(app.source)
    if owner_and_name:
        return owner_and_name.partition("/")[2]
    return slug(config.title) or slug(urlsplit(app.source).hostname or "") or "app"


def _check_case(folder: Path) -> None:
    """Refuse a schema folder that many file systems would take for another one."""
    beside = folder.parent.iterdir() if folder.parent.is_dir() else ()
    for path in beside:
        if path.name != folder.name and path.name.casefold() == folder.name.casefold():
            raise InvalidInputError(
                f"{folder.name} differs from {path} by upper and lower case only: spell it so, or "
                "remove that one"
            )


def _is_own(root: Path) -> bool:
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return as_str(as_dict(project.get("project")).get("name")) == "spacecall"


def _shown(folder: Path, root: Path) -> str:
    absolute = folder.resolve()
    base = root.resolve()
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else folder.name
