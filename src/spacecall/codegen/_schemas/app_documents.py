"""Fetch an app's /config and /info, or load them from saved files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacecall._client.discovery.app_description import fetch_description
from spacecall._core.app_sources import base_url, space_id
from spacecall._core.hub_api import Runtime, Stage
from spacecall._core.json_values import as_str, describe_json_error, is_object
from spacecall._filenames import expand_home
from spacecall._io.credentials import hub_endpoint
from spacecall._io.request_settings import Settings
from spacecall._regular_files import read_document
from spacecall.codegen._schemas.schema_folder import Access
from spacecall.errors import AuthError, InvalidInputError, NotFoundError, SpaceError
from spacecall.options import Auth

__all__ = ["AppDocuments", "fetch_app", "load_app", "required_access"]


@dataclass(frozen=True, slots=True)
class AppDocuments:
    """An app's /config and /info, and where they come from.

    Attributes:
        config: the parsed /config.
        info: the parsed /info.
        source: the Space id or address, without credentials and query; empty for saved files that
            do not contain it.
        access: the credentials that the app required; None if that is not known, as for saved
            files.
        hardware: the Hub's name of the Space's hardware; None if it is not known.
        revision: the commit that the Space runs; None if it is not known.
    """

    config: Mapping[str, Any] = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)
    source: str = ""
    access: Access | None = None
    hardware: str | None = None
    revision: str | None = None


async def fetch_app(
    source: str, *, auth: Auth | None = None, settings: Settings | None = None
) -> AppDocuments:
    """Fetch the documents of the app at `source`, or load them if it is a file or folder.

    Credentials are sent only if the app refuses to answer without them.

    Args:
        source: a Space id, an address, a folder with config.json and info.json, or one JSON file
            with both as `config` and `info`.
        auth: the credentials for a live app.
        settings: the timeouts and headers for a live app.

    Raises:
        InvalidInputError: the source is none of these, or its files cannot be read.
        SpaceError: the live app cannot be reached, or is not a Gradio app.
    """
    saved = load_app(source)
    if saved is not None:
        return saved
    space = space_id(source)
    if space is None and "://" not in source:
        raise InvalidInputError(
            f"{source!r} is not a Space id (owner/name), an address (https://…) or a saved app "
            "(a folder with config.json and info.json)"
        )
    address = space or base_url(source)
    access: Access | None = "open"
    try:
        documents = await fetch_description(address, settings=settings)
    except (AuthError, NotFoundError) as error:
        if auth is None:
            raise
        access = required_access(error, space)
        documents = await fetch_description(address, auth=auth, settings=settings)
    runtime = documents.runtime or Runtime(Stage.RUNNING)
    return AppDocuments(
        documents.config, documents.info, address, access, runtime.hardware, runtime.sha
    )


def required_access(error: SpaceError, space: str | None) -> Access | None:
    """Return the credentials that an app requires which refused a request; None if it does not say.

    Args:
        error: the error of the refused request.
        space: the Space's id; None for an address.
    """
    if not isinstance(error, (AuthError, NotFoundError)) or error.status not in (401, 403, 404):
        return None
    if error.space == hub_endpoint() or (space is not None and error.status != 401):
        return "token"
    return "login" if error.status == 401 else None


def load_app(source: str) -> AppDocuments | None:
    """Load the documents saved at `source`; None if there is no file or folder.

    Raises:
        InvalidInputError: a file is missing, or is not JSON of an app.
    """
    path = expand_home(source)
    if path.is_dir():
        return _saved_app(_load_json(path / "config.json"), _load_json(path / "info.json"), source)
    if path.exists():
        document = _load_json(path)
        return _saved_app(document.get("config"), document.get("info"), source)
    return None


def _saved_app(config: object, info: object, source: str) -> AppDocuments:
    if not is_object(config) or not is_object(info):
        raise InvalidInputError(f"{source} does not hold an app's config and info")
    return AppDocuments(config, info, space_id(as_str(config.get("space_id"))) or "")


def _load_json(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(read_document(path))
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path} {describe_json_error(error)}") from error
    if not is_object(data):
        raise InvalidInputError(f"{path} is not a JSON object")
    return data
