"""`spacecall record`: make a call, and record its traffic as a cassette."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from spacecall.cassettes._engine.record_modes import MODES, RecordMode
from spacecall.cli._commands.call import (
    EndpointArgument,
    JsonOption,
    RawOption,
    SourceArgument,
    given_in,
)
from spacecall.cli._runners.call_runner import Order, place
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.signals import run
from spacecall.errors import AppError, InvalidInputError

__all__ = ["record"]

_MODES = [mode for mode in MODES if mode != "none"]


def record(
    ctx: typer.Context,
    source: SourceArgument,
    endpoint: EndpointArgument,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The cassette, name.json.", show_default=False
        ),
    ],
    mode: Annotated[
        str,
        typer.Option(metavar="MODE", help=f"Record mode: {', '.join(_MODES)}."),
    ] = "all",
    filter_field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A field whose values are not recorded, such as username. Can be repeated.",
            show_default=False,
        ),
    ] = None,
    json_: JsonOption = "",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not show progress and the app's messages.")
    ] = False,
    raw: RawOption = False,
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Call an endpoint as `call` does, and record the traffic: see `spacecall cassettes`.

    \b
    spacecall record SOURCE /endpoint --text hi --output tests/cassettes/hi.json

    Nothing is written if the app cannot be reached, or if the file would contain a secret.
    An error of the app itself is recorded.
    """  # noqa: D301 - the help needs this character
    if mode not in _MODES:
        raise InvalidInputError(f"--mode must be one of {', '.join(_MODES)}, got {mode!r}")
    from spacecall.cassettes import use_cassette  # noqa: PLC0415 - needs an extra

    arguments = given_in(ctx)
    order = Order(
        source=source, endpoint=endpoint, given=arguments, json=json_, quiet=quiet, raw=raw
    )
    credentials = Credentials.of(token, user, header, timeout, for_)
    if arguments.help:
        run(lambda: place(order, credentials))
        return
    app_error: AppError | None = None
    with use_cassette(
        output,
        mode=cast("RecordMode", mode),
        filter_fields=filter_field or (),
        assert_all_used=False,
    ):
        try:
            run(lambda: place(order, credentials))
        except AppError as error:
            app_error = error
    if app_error is not None:
        raise app_error
