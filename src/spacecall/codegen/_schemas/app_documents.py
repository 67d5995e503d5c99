"""What an app says of itself, from a live app or from saved files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacecall._client.discovery.app_description import fetch_description
from spacecall._core.app_sources import base_url, space_id
from spacecall._core.hub_api import Runtime, Stage
from spacecall._core.json_values import as_str, is_object
from spacecall._filenames import expand_home
from spacecall._io.credentials import hub_endpoint
from spacecall._io.request_settings import Settings
from spacecall.codegen._schemas.schema_folder import Access
from spacecall.errors import AuthError, InvalidInputError, NotFoundError, SpaceError
from spacecall.options import Auth

__all__ = ["AppDocuments", "access_wanted", "fetch", "load"]


@dataclass(frozen=True, slots=True)
class AppDocuments:
    """An app's own description.

    Attributes:
        config: its /config.
        info: its /info.
        source: its Space id or address, without credentials and query; empty for saved files that
            do not tell.
        access: what it wanted to be read; None where that is not known, as of saved files.
        hardware: the Hub's name of what a Space runs on; None where that is not known.
        revision: the commit of a Space that runs; None where that is not known.
    """

    config: Mapping[str, Any] = field(repr=False)
    info: Mapping[str, Any] = field(repr=False)
    source: str = ""
    access: Access | None = None
    hardware: str | None = None
    revision: str | None = None


async def fetch(
    source: str, *, auth: Auth | None = None, settings: Settings | None = None
) -> AppDocuments:
    """The description of the app at `source`.

    Credentials are used where the app refuses to answer without.

    Args:
        source: a Space id, an address, a folder with config.json and info.json, or one JSON file
            with both as `config` and `info`.
        auth: for a live app.
        settings: for a live app: timeouts, headers.

    Raises:
        InvalidInputError: the source is none of these, or its files cannot be read.
        SpaceError: the live app cannot be reached, or is no Gradio app.
    """
    saved = load(source)
    if saved is not None:
        return saved
    found = space_id(source)
    if found is None and "://" not in source:
        raise InvalidInputError(
            f"{source!r} is no Space id (owner/name), no address (https://…) and no saved app: "
            "a folder with config.json and info.json"
        )
    address = found or base_url(source)
    access: Access | None = "open"
    try:
        documents = await fetch_description(address, settings=settings)
    except (AuthError, NotFoundError) as error:
        if auth is None:
            raise
        access = access_wanted(error, found)
        documents = await fetch_description(address, auth=auth, settings=settings)
    runtime = documents.runtime or Runtime(Stage.RUNNING)
    return AppDocuments(
        documents.config, documents.info, address, access, runtime.hardware, runtime.sha
    )


def access_wanted(error: SpaceError, space: str | None) -> Access | None:
    """What an app that refused wants; None if it does not say.

    Args:
        error: what its answer was raised as.
        space: the Space's id; None for an address.
    """
    if not isinstance(error, (AuthError, NotFoundError)) or error.status not in (401, 403, 404):
        return None
    if error.space == hub_endpoint() or (space is not None and error.status != 401):
        return "token"
    return "login" if error.status == 401 else None


def load(source: str) -> AppDocuments | None:
    """The description saved at `source`; None if nothing is there.

    Raises:
        InvalidInputError: the files there are missing, or not an app's.
    """
    path = expand_home(source)
    if path.is_dir():
        return _saved(_load(path / "config.json"), _load(path / "info.json"), source)
    if path.is_file():
        both = _load(path)
        return _saved(both.get("config"), both.get("info"), source)
    return None


def _saved(config: object, info: object, source: str) -> AppDocuments:
    if not is_object(config) or not is_object(info):
        raise InvalidInputError(f"{source} does not hold an app's config and info")
    return AppDocuments(config, info, space_id(as_str(config.get("space_id"))) or "")


def _load(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path} is not JSON: {error}") from error
    if not is_object(data):
        raise InvalidInputError(f"{path} is not a JSON object")
    return data
