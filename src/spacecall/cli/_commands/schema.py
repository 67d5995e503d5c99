"""`spacecall schema`: export the endpoints of an app as JSON Schema or OpenAPI."""

from __future__ import annotations

from typing import Annotated

import typer

from spacecall._client.calls.call_arguments import get_endpoint
from spacecall.cli._inputs.completion import complete_endpoint_names
from spacecall.cli._outputs.terminal import write_json
from spacecall.cli._support.app_overview import load_overview
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.errors import InvalidInputError

__all__ = ["schema"]

_FORMATS = ("jsonschema", "openapi")


@takes_credentials()
def schema(
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
            help="Export only this endpoint.",
            show_default=False,
            autocompletion=complete_endpoint_names,
        ),
    ] = "",
    *,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"The format: {', '.join(_FORMATS)}.",
            autocompletion=lambda: list(_FORMATS),
        ),
    ] = "jsonschema",
    all_: Annotated[
        bool,
        typer.Option(
            "--all", help="Include endpoints that are undocumented or only compute a default."
        ),
    ] = False,
    read_credentials: ReadCredentials,
) -> None:
    """Export the endpoints of an app as JSON Schema or OpenAPI.

    `jsonschema` prints a JSON object: for each endpoint, the schema of its arguments (`input`) and
    of its outputs (`output`). `openapi` prints an OpenAPI 3.1 document of the requests to the app.
    """
    if format_ not in _FORMATS:
        raise InvalidInputError(f"--format must be one of {', '.join(_FORMATS)}, got {format_!r}")
    # the other commands do not need it
    from spacecall.cli._exports.endpoint_documents import (  # noqa: PLC0415
        build_json_schemas,
        build_openapi,
    )

    access = read_credentials().for_app(source)
    app = run_async(lambda: load_overview(source, access))
    if endpoint:
        endpoints = [get_endpoint(app.endpoints, endpoint)]
    else:
        endpoints = [candidate for candidate in app.endpoints.values() if all_ or candidate.listed]
    if format_ == "openapi":
        write_json(build_openapi(app.config, endpoints, app.url), indent=2)
    else:
        write_json(build_json_schemas(app.config, endpoints), indent=2)
