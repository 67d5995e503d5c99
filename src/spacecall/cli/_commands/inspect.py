"""`spacecall inspect`: what an app offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from spacecall._client.calls.call_arguments import get_endpoint
from spacecall._visible import visible_line
from spacecall.cli._inputs.completion import endpoint_names
from spacecall.cli._outputs.endpoint_view import endpoint_block
from spacecall.cli._outputs.schema_labels import kind_of
from spacecall.cli._outputs.terminal import screen, show, write_json
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.describe_app import App, look
from spacecall.cli._support.signals import run
from spacecall.endpoints import Endpoint, Parameter

__all__ = ["inspect"]

FORMAT = 1
"""Of the JSON; a new number would mean that a member changed or went away."""


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
        str,
        typer.Argument(
            metavar="ENDPOINT",
            help="This one alone.",
            show_default=False,
            autocompletion=endpoint_names,
        ),
    ] = "",
    *,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Endpoints that the app's page does not show, too.")
    ] = False,
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Show what an app offers: its endpoints with their parameters and outputs."""
    access = Credentials.of(token, user, header, timeout, for_).for_app(source)
    app = run(lambda: look(source, access))
    chosen = [get_endpoint(app.endpoints, endpoint)] if endpoint else _shown(app, all_=all_)
    if json_:
        write_json(_document(app, chosen), indent=2)
        return
    console = screen()
    parts = [Text(""), *(part for one in chosen for part in (endpoint_block(one), Text("")))]
    title = Text(_title(app), "bold", overflow="fold")
    show(console, *([title] if not endpoint else []), *parts[bool(endpoint) : -1])
    if not endpoint:
        show(console, *(Text(f"\n{line}", "dim") for line in _left_out(app, chosen)))


def _shown(app: App, *, all_: bool) -> list[Endpoint]:
    return [one for one in app.endpoints.values() if all_ or one.visibility == "public"]


def _title(app: App) -> str:
    title = visible_line(app.config.title)
    gradio = f"Gradio {visible_line(app.config.version) or '3'}"
    return " · ".join(filter(None, [title, gradio, app.url or app.source]))


def _left_out(app: App, chosen: Sequence[Endpoint]) -> list[str]:
    more = len(app.endpoints) - len(chosen)
    private = ", ".join(map(visible_line, app.private))
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
        "title": app.config.title or None,
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
        "event_data": endpoint.event_data,
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
