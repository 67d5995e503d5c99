"""`spacecall inspect`: what an app offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.text import Text

from spacecall._client.arguments import find
from spacecall._client.documents import fetch_documents
from spacecall._core.config import AppConfig, read_config
from spacecall._core.info import read_endpoints
from spacecall._core.sources import base_url, space_id
from spacecall.cli.access import Access, HeaderOption, TimeoutOption, TokenOption, UserOption
from spacecall.cli.output import as_json, screen, write
from spacecall.cli.running import deadline, run
from spacecall.cli.screens import endpoint_block, show
from spacecall.cli.words import kind_of
from spacecall.codegen.fetch import load
from spacecall.codegen.text import one_line
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

__all__ = ["App", "inspect", "look"]

FORMAT = 1
"""Of the JSON; a new number would mean that a member changed or went away."""


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


def inspect(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A Space id (owner/name), an address, or a folder with config.json and info.json.",
            show_default=False,
        ),
    ],
    endpoint: Annotated[
        str, typer.Argument(help="This one alone.", show_default=False, metavar="ENDPOINT")
    ] = "",
    *,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Endpoints that the app's page does not show, too.")
    ] = False,
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Show what an app offers: its endpoints with their parameters and outputs."""
    access = Access.of(token, user, header, timeout)
    app = run(lambda: look(source, access))
    chosen = [find(app.endpoints, endpoint)] if endpoint else _shown(app, all_=all_)
    if json_:
        write(as_json(_document(app, chosen), indent=2) + "\n")
        return
    console = screen()
    parts = [Text(""), *(part for one in chosen for part in (endpoint_block(one), Text("")))]
    title = Text(_title(app), "bold", overflow="fold")
    show(console, *([title] if not endpoint else []), *parts[bool(endpoint) : -1])
    if not endpoint:
        show(console, *(Text(f"\n{line}", "dim") for line in _left_out(app, chosen)))


async def look(source: str, access: Access) -> App:
    """Read what the app at `source` says of itself.

    Raises:
        InvalidInputError: this is no app's address, id or files.
        SpaceError: it could not be reached, or is no Gradio app.
    """
    saved = load(source)
    if saved is not None:
        config = read_config(saved.config)
        return App(saved.source or source, "", config, read_endpoints(config, saved.info))
    if space_id(source) is None and "://" not in source:
        raise InvalidInputError(
            f"{source!r} is no Space id (owner/name), no address (https://…) and no saved app: "
            "a folder with config.json and info.json"
        )
    address = space_id(source) or base_url(source)
    with deadline(access.timeout, "the app did not answer"):
        found = await fetch_documents(address, auth=access.auth, settings=access.settings)
    config = read_config(found.config)
    return App(address, found.base, config, read_endpoints(config, found.info))


def _shown(app: App, *, all_: bool) -> list[Endpoint]:
    return [one for one in app.endpoints.values() if all_ or one.visibility == "public"]


def _title(app: App) -> str:
    title = one_line(app.config.title)
    named = title if title != "Gradio" else ""
    gradio = f"Gradio {one_line(app.config.version) or '3'}"
    return " · ".join(filter(None, [named, gradio, app.url or app.source]))


def _left_out(app: App, chosen: Sequence[Endpoint]) -> list[str]:
    more = len(app.endpoints) - len(chosen)
    private = ", ".join(map(one_line, app.private))
    lines = {
        f"{more} more that the app's page does not show: --all": more > 0,
        f"Private, not to be called: {private}": bool(private),
        "There is nothing to call by name.": not app.endpoints,
    }
    return [line for line, holds in lines.items() if holds]


def _document(app: App, chosen: Sequence[Endpoint]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "source": app.source,
        "url": app.url or None,
        "space_id": app.config.space_id,
        "title": app.config.title,
        "gradio": app.config.version or None,
        "protocol": app.config.protocol,
        "endpoints": [_endpoint(one) for one in chosen],
        "private": app.private,
    }


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "description": endpoint.description,
        "visibility": endpoint.visibility,
        "streaming": endpoint.streaming,
        "queued": endpoint.queued,
        "stateful": endpoint.stateful,
        "parameters": [_parameter(one) for one in endpoint.parameters],
        "returns": [
            {
                "label": one.label,
                "component": one.component,
                "type": kind_of(one.schema),
                "description": one.description,
                "schema": dict(one.schema),
            }
            for one in endpoint.returns
        ],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    default = {} if parameter.required else {"default": parameter.default}
    return {
        "name": parameter.name,
        "label": parameter.label,
        "component": parameter.component,
        "type": kind_of(parameter.schema),
        "required": parameter.required,
        **default,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
