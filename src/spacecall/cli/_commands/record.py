"""`spacecall record`: call an endpoint, and record the traffic as a cassette."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from spacecall._regular_files import check_output
from spacecall.cassettes._engine.record_modes import MODES, RecordMode
from spacecall.cli._commands.call import (
    CallCommand,
    EndpointArgument,
    JsonOption,
    QuietOption,
    RawOption,
    SourceArgument,
    unparsed_flags,
)
from spacecall.cli._runners.call_runner import CallRequest, execute
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.errors import AppError, InvalidInputError

__all__ = ["CallCommand", "record"]

_MODES = [mode for mode in MODES if mode != "none"]


@takes_credentials(oauth_token=True)
def record(
    ctx: typer.Context,
    source: SourceArgument,
    endpoint: EndpointArgument,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the cassette to this file (name.json).",
            show_default=False,
        ),
    ],
    mode: Annotated[
        str,
        typer.Option(
            metavar="MODE",
            help=f"The record mode: {', '.join(_MODES)}.",
            autocompletion=lambda: list(_MODES),
        ),
    ] = "all",
    filter_field: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="NAME",
            help="Do not record values of this parameter or field, such as username. Repeatable.",
            show_default=False,
        ),
    ] = None,
    json_: JsonOption = "",
    quiet: QuietOption = False,
    raw: RawOption = False,
    read_credentials: ReadCredentials,
) -> None:
    """Call an endpoint and record the traffic as a cassette.

    \b
    spacecall record SOURCE /endpoint --text hi --output tests/cassettes/hi.json

    The parameters of the endpoint are flags, as in `spacecall call`. Show and check cassettes with
    `spacecall cassettes`.

    The command writes no file if the app cannot be reached, or if the file would contain a secret.
    It records errors of the app.
    """  # noqa: D301 - typer needs this character
    if mode not in _MODES:
        raise InvalidInputError(f"--mode must be one of {', '.join(_MODES)}, got {mode!r}")
    from spacecall.cassettes import use_cassette  # noqa: PLC0415 - needs an extra

    flags = unparsed_flags(ctx)
    request = CallRequest(
        source=source, endpoint=endpoint, flags=flags, json=json_, quiet=quiet, raw=raw
    )
    credentials = read_credentials()
    if flags.show_help:
        run_async(lambda: execute(request, credentials))
        return
    output = check_output("--output", output)
    app_error: AppError | None = None
    with use_cassette(
        output,
        mode=cast("RecordMode", mode),
        filter_fields=filter_field or (),
        assert_all_used=False,
    ):
        try:
            run_async(lambda: execute(request, credentials))
        except AppError as error:
            app_error = error
    if app_error is not None:
        raise app_error
