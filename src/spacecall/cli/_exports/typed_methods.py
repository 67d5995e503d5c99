"""Find the methods of an app's typed client, as `spacecall add` generates it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from spacecall.cli._exports.python_snippets import TypedMethod
from spacecall.cli._support.app_overview import AppOverview
from spacecall.codegen._name_spelling import slug
from spacecall.codegen._project import client_builder
from spacecall.codegen._project.configuration import Configuration
from spacecall.codegen._project.project_clients import list_clients
from spacecall.codegen._python.module_planner import plan_client

__all__ = ["client_name", "list_typed_methods"]


def client_name(app: AppOverview, project: Configuration | None = None) -> str:
    """Return the name of the project's client of the app; without one, the name for a new client.

    Raises:
        SchemaError: a lock of the project cannot be read.
    """
    clients = list_clients(project) if project is not None else []
    names = [client.name for client in clients if client.lock and client.source == app.source]
    return names[0] if names else slug(client_builder.derive_name(app.documents)) or "app"


def list_typed_methods(
    app: AppOverview, name: str, project: Configuration, *, undocumented: bool = False
) -> Mapping[str, TypedMethod]:
    """Return the methods of the client called `name`, by the endpoints' names.

    Args:
        app: the app.
        name: the client's name.
        project: the project that has or gets the client.
        undocumented: whether to include endpoints that the app's page does not show.
    """
    folder = client_builder.build_schema_folder(app.documents, name, undocumented=undocumented)
    plan = plan_client(folder)
    settings = project.settings_of(name)
    module = client_builder.client_paths(
        project.root,
        name,
        app.source,
        schemas=project.schemas,
        into=settings.code or project.code,
    ).module
    command = ["spacecall", "add", app.source, "--name", name, *(["--all"] if undocumented else [])]
    return {
        method.api_name: TypedMethod(
            module=_import_path(module, project.root),
            client=plan.name,
            method=method.method,
            stream_method=method.stream_method,
            keywords={parameter.json_name: parameter.parameter for parameter in method.inputs},
            command=shlex.join(command),
        )
        for method in plan.operations
    }


def _import_path(module: Path, root: Path) -> str:
    """Return the name by which programs in the project's folder import a module."""
    path = module.relative_to(root) if module.is_relative_to(root) else Path(module.name)
    parts = path.with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "src" else parts)
