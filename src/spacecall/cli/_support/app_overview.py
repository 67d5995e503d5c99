"""Read the description of an app, live or saved, for the commands that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spacecall._client.discovery.app_description import fetch_description
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall._core.app_sources import base_url, space_id
from spacecall.cli._support.app_access import Access
from spacecall.codegen._schemas.app_documents import AppDocuments, load_app
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError

__all__ = ["AppOverview", "load_overview", "missing_address_error"]


@dataclass(frozen=True, slots=True)
class AppOverview:
    """An app's configuration and endpoints.

    Attributes:
        source: its Space id, its address, or the path of the saved files.
        url: the address that answered; empty for saved files.
        endpoints: by name, including those that the app's page does not show.
        documents: the /config and /info that these were read from.
    """

    source: str
    url: str
    config: AppConfig
    endpoints: Mapping[str, Endpoint]
    documents: AppDocuments

    @property
    def private(self) -> list[str]:
        """Names of the functions that cannot be called from outside."""
        names = {
            function.name
            for function in self.config.dependencies
            if function.visibility == "private"
        }
        return sorted(name for name in names if name and name not in self.endpoints)


async def load_overview(source: str, access: Access) -> AppOverview:
    """Read the description of the app at `source`.

    Raises:
        InvalidInputError: `source` is not a Space id, an address or a saved app.
        SpaceError: the app cannot be reached, or is not a Gradio app.
    """
    saved = load_app(source)
    if saved is not None:
        config = parse_config(saved.config)
        endpoints = parse_endpoints(config, saved.info)
        return AppOverview(saved.source or source, "", config, endpoints, saved)
    if space_id(source) is None and "://" not in source:
        raise InvalidInputError(
            f"{source!r} is not a Space id (owner/name), an address (https://…) or a saved app "
            "(a folder with config.json and info.json)"
        )
    address = space_id(source) or base_url(source)
    description = await fetch_description(address, auth=access.auth, settings=access.settings)
    config = parse_config(description.config)
    endpoints = parse_endpoints(config, description.info)
    documents = AppDocuments(description.config, description.info, address)
    return AppOverview(address, description.base, config, endpoints, documents)


def missing_address_error(source: str) -> InvalidInputError:
    """Return the error for a saved app that cannot be called."""
    return InvalidInputError(
        f"{source} is a saved app without an address: use the app's address as SOURCE"
    )
