"""`spacecall inspect`: show the endpoints of an app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from spacecall._client.calls.call_arguments import get_endpoint
from spacecall._visible import visible_line
from spacecall.cli._exports.snippet_kinds import SNIPPETS
from spacecall.cli._inputs.completion import complete_endpoint_names
from spacecall.cli._outputs.console import create_console, write_page
from spacecall.cli._outputs.endpoint_view import draw_endpoint
from spacecall.cli._outputs.schema_labels import describe_type
from spacecall.cli._outputs.terminal import write, write_json
from spacecall.cli._support.app_overview import AppOverview, load_overview
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

__all__ = ["inspect"]

FORMAT = 1
"""The version of the JSON; it changes if a member changes its meaning or is removed."""


@takes_credentials()
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
            help="Show only this endpoint.",
            show_default=False,
            autocompletion=complete_endpoint_names,
        ),
    ] = "",
    *,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    snippet: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help=f"Print a program that calls ENDPOINT instead: {', '.join(SNIPPETS)}.",
            show_default=False,
            autocompletion=lambda: list(SNIPPETS),
        ),
    ] = "",
    all_: Annotated[
        bool,
        typer.Option(
            "--all", help="Include endpoints that are undocumented or only compute a default."
        ),
    ] = False,
    read_credentials: ReadCredentials,
) -> None:
    """Show the endpoints of an app, with parameters and outputs."""
    if snippet and (snippet not in SNIPPETS or not endpoint or json_):
        raise InvalidInputError(
            f"--snippet must be one of {', '.join(SNIPPETS)}, got {snippet!r}"
            if snippet not in SNIPPETS
            else "--snippet writes a program for one endpoint: name ENDPOINT, and remove --json"
        )
    access = read_credentials().for_app(source)
    app = run_async(lambda: load_overview(source, access))
    if endpoint:
        endpoints = [get_endpoint(app.endpoints, endpoint)]
    else:
        endpoints = [candidate for candidate in app.endpoints.values() if all_ or candidate.listed]
    if snippet:
        from spacecall.cli._exports import app_snippets  # noqa: PLC0415 - few runs need it

        auth = app_snippets.choose_auth(app, access)
        write(app_snippets.write_snippet(snippet, app, endpoints[0], auth))
        return
    if json_:
        write_json(_describe_app(app, endpoints), indent=2)
        return
    console = create_console()
    if endpoint:
        write_page(console, draw_endpoint(endpoints[0]))
        return
    title = Text(_format_title(app), "bold", overflow="fold")
    blocks = [part for candidate in endpoints for part in (Text(""), draw_endpoint(candidate))]
    notes = [Text(f"\n{note}", "dim") for note in _list_notes(app, endpoints)]
    write_page(console, title, *blocks, *notes)


def _format_title(app: AppOverview) -> str:
    title = visible_line(app.config.title)
    gradio = f"Gradio {visible_line(app.config.version) or '3'}"
    return " · ".join(filter(None, [title, gradio, app.url or app.source]))


def _list_notes(app: AppOverview, endpoints: Sequence[Endpoint]) -> list[str]:
    """Return notes on the endpoints of the app that are not among `endpoints`."""
    hidden = len(app.endpoints) - len(endpoints)
    private = ", ".join(map(visible_line, app.private))
    notes: list[str] = []
    if hidden:
        noun = "endpoint" if hidden == 1 else "endpoints"
        notes.append(
            f"{hidden} more {noun}, undocumented or only for defaults: add --all to show them."
        )
    if private:
        notes.append(f"Private endpoints, which cannot be called: {private}")
    if not app.endpoints:
        notes.append("The app has no endpoint that can be called.")
    return notes


def _describe_app(app: AppOverview, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "source": app.source,
        "url": app.url or None,
        "space_id": app.config.space_id,
        "title": app.config.title or None,
        "gradio": app.config.version or None,
        "protocol": app.config.protocol,
        "endpoints": [_describe_endpoint(endpoint) for endpoint in endpoints],
        "private": app.private,
    }


def _describe_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "description": endpoint.description,
        "visibility": endpoint.visibility,
        "streaming": endpoint.streaming,
        "queued": endpoint.queued,
        "stateful": endpoint.stateful,
        "event_data": endpoint.event_data,
        "oauth": endpoint.oauth,
        "stream_input": endpoint.stream_input,
        "computes_default": endpoint.computes_default,
        "parameters": [_describe_parameter(parameter) for parameter in endpoint.parameters],
        "returns": [
            {
                "label": output.label,
                "component": output.component,
                "type": describe_type(output.schema),
                "description": output.description,
                "schema": dict(output.schema),
            }
            for output in endpoint.returns
        ],
    }


def _describe_parameter(parameter: Parameter) -> dict[str, Any]:
    default = {} if parameter.required else {"default": parameter.default}
    return {
        "name": parameter.name,
        "label": parameter.label,
        "component": parameter.component,
        "type": describe_type(parameter.schema),
        "required": parameter.required,
        **default,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
