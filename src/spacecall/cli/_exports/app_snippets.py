"""Write the programs of `inspect --snippet`, and of agent skills."""

from __future__ import annotations

from pathlib import Path

from spacecall._core.app_sources import space_id
from spacecall.cli._exports.curl_snippets import write_curl
from spacecall.cli._exports.python_snippets import (
    SnippetAuth,
    write_async,
    write_sync,
    write_typed,
)
from spacecall.cli._exports.snippet_kinds import SnippetKind
from spacecall.cli._exports.typed_methods import client_name, list_typed_methods
from spacecall.cli._support.app_access import Access
from spacecall.cli._support.app_overview import AppOverview, missing_address_error
from spacecall.codegen._project.configuration import read_configuration
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError

__all__ = ["choose_auth", "write_app_curl", "write_snippet"]


def write_snippet(
    kind: SnippetKind, app: AppOverview, endpoint: Endpoint, auth: SnippetAuth
) -> str:
    """Return a program that calls an endpoint of the app.

    Raises:
        InvalidInputError: the app's address is not known, or curl cannot call the endpoint.
        ConfigurationError, SchemaError: the project's configuration or a lock cannot be read.
    """
    if kind == "curl":
        return write_app_curl(app, endpoint, auth)
    if not app.url and space_id(app.source) is None:
        raise missing_address_error(app.source)
    if kind == "async":
        return write_async(app.source, endpoint, auth)
    if kind == "sync":
        return write_sync(app.source, endpoint, auth)
    project = read_configuration(Path.cwd())
    methods = list_typed_methods(
        app,
        client_name(app, project),
        project,
        undocumented=not endpoint.listed,
    )
    return write_typed(app.source, endpoint, methods[endpoint.name], auth)


def write_app_curl(app: AppOverview, endpoint: Endpoint, auth: SnippetAuth) -> str:
    """Return a shell program that calls an endpoint of the app.

    Raises:
        InvalidInputError: the app's address is not known, or curl cannot call the endpoint.
    """
    dependency = app.config.find(endpoint.name)
    if not app.url or dependency is None:
        raise InvalidInputError(
            "curl needs the app's address: use the app's address or its Space id as SOURCE"
        )
    return write_curl(app.url, app.config, dependency, endpoint, auth)


def choose_auth(app: AppOverview, access: Access) -> SnippetAuth:
    """Return the credentials that a program needs, as far as this command needed them."""
    auth = access.auth
    if auth is None:
        return SnippetAuth()
    is_space = space_id(app.source) is not None
    return SnippetAuth(login=bool(auth.username), token=is_space and bool(auth.token))
