"""What an app says of itself, for the commands that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spacecall._client.discovery.app_description import fetch_description
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall._core.app_sources import base_url, space_id
from spacecall.cli._support.app_access import Access
from spacecall.codegen._schemas.app_documents import load
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError

__all__ = ["App", "look"]


@dataclass(frozen=True, slots=True)
class App:
    """What an app says of itself.

    Attributes:
        source: its Space id, address, or the path of the saved files.
        url: where it answered; empty for saved files.
        endpoints: by name, those that its page does not show included.
    """

    source: str
    url: str
    config: AppConfig
    endpoints: Mapping[str, Endpoint]

    @property
    def private(self) -> list[str]:
        """Functions with a name that nobody can call from outside."""
        known = {one.name for one in self.config.dependencies if one.visibility == "private"}
        return sorted(name for name in known if name and name not in self.endpoints)


async def look(source: str, access: Access) -> App:
    """Read what the app at `source` says of itself.

    Raises:
        InvalidInputError: this is no app's address, id or files.
        SpaceError: it could not be reached, or is no Gradio app.
    """
    saved = load(source)
    if saved is not None:
        config = parse_config(saved.config)
        return App(saved.source or source, "", config, parse_endpoints(config, saved.info))
    if space_id(source) is None and "://" not in source:
        raise InvalidInputError(
            f"{source!r} is no Space id (owner/name), no address (https://…) and no saved app: "
            "a folder with config.json and info.json"
        )
    address = space_id(source) or base_url(source)
    found = await fetch_description(address, auth=access.auth, settings=access.settings)
    config = parse_config(found.config)
    return App(address, found.base, config, parse_endpoints(config, found.info))
