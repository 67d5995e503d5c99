"""The project's clients of a recorded app."""

from __future__ import annotations

from collections.abc import Iterable, Set
from urllib.parse import urlsplit

from spacecall._core.app_sources import base_url, space_id
from spacecall.cassettes._engine.request_key import LOOPBACK
from spacecall.cassettes._format.recorded_apps import RecordedApp
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._schemas.schema_documents import JOIN_FILE, endpoint_schemas

__all__ = ["match_clients"]


def match_clients(app: RecordedApp, called: Set[str], clients: Iterable[Client]) -> list[Client]:
    """Return the clients of a recorded app.

    A client is of the app if its source is the app's Space or address. The port of an app on this
    machine says nothing: without such a client, the only client of an app on this machine with the
    same title, and with an endpoint that was called, is of the app.

    Args:
        app: as recorded.
        called: the names of the endpoints that the recording calls.
        clients: of the project.
    """
    read_clients = [client for client in clients if client.lock is not None and client.source]
    same_source = [client for client in read_clients if _is_source(client.source, app)]
    if same_source or not _is_local(app.base_url):
        return same_source
    similar = [client for client in read_clients if _is_similar(client, app, called)]
    return similar if len(similar) == 1 else []


def _is_source(source: str, app: RecordedApp) -> bool:
    space = space_id(source)
    if space:
        return app.config.space_id == space
    return app.base_url == base_url(source)


def _is_similar(client: Client, app: RecordedApp, called: Set[str]) -> bool:
    if client.lock is None or not _is_local(client.source) or client.lock.title != app.config.title:
        return False
    names = endpoint_schemas(client.read_schemas().documents[JOIN_FILE]).keys()
    return not called or not called.isdisjoint(names)


def _is_local(source: str) -> bool:
    return "://" in source and urlsplit(source).hostname in LOOPBACK
