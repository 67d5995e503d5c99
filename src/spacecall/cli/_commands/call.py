"""`spacecall call`: call an endpoint, its parameters given as flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from typer.core import TyperCommand

from spacecall.cli._inputs.completion import endpoint_names, flag_names
from spacecall.cli._inputs.flags import split
from spacecall.cli._runners.call_runner import Given, Order, place
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.signals import run
from spacecall.errors import InvalidInputError

__all__ = [
    "CallCommand",
    "EndpointArgument",
    "JsonOption",
    "RawOption",
    "SourceArgument",
    "call",
    "given_in",
]

SourceArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="A Space id (owner/name) or an address.", show_default=False
    ),
]
"""The app whose endpoint is called."""

EndpointArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ENDPOINT",
        help="Such as /predict; `inspect` lists them.",
        show_default=False,
        autocompletion=endpoint_names,
    ),
]
"""The endpoint that is called."""

JsonOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--json",
        metavar="OBJECT",
        help="Arguments as a JSON object, @file or - for stdin; flags count more.",
        show_default=False,
    ),
]
"""`--json`, for commands that call."""

RawOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="Print a text exactly, on a terminal and in the log of a CI server too: "
        "its control characters take effect.",
    ),
]
"""`--raw`, for commands that print results."""

_GIVEN, _HELP, _OWN = "spacecall.given", "spacecall.help", "spacecall.own"


class CallCommand(TyperCommand):
    """Leaves the flags that are the app's for later, when the app has told of them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command's own options."""
        options: dict[str, bool] = {}
        for one in self.get_params(ctx):
            for spelling in (*one.opts, *one.secondary_opts):
                if spelling.startswith("-"):
                    options[spelling] = not getattr(one, "is_flag", False)
        own, given, absent = split(args, options, positions=2)
        if "--help" in own and not absent:
            own = [one for one in own if one != "--help"]
            ctx.meta[_HELP] = True
        ctx.meta[_GIVEN], ctx.meta[_OWN] = given, frozenset(options)
        rest: list[str] = super().parse_args(ctx, own)
        return rest

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What the shell completes: own options, and those of the endpoint."""
        items = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return items
        item = type(super().shell_complete(ctx, "--")[0])
        names = flag_names(ctx, incomplete, ctx.meta.get(_OWN, ()))
        return [*(item(name, help=label) for name, label in names.items()), *items]


def given_in(ctx: typer.Context) -> Given:
    """The flags of the app's parameters that a command of `CallCommand` was given."""
    return Given(
        ctx.meta.get(_GIVEN, []), ctx.meta.get(_OWN, frozenset()), ctx.meta.get(_HELP, False)
    )


def call(
    ctx: typer.Context,
    source: SourceArgument,
    endpoint: EndpointArgument,
    *,
    json_: JsonOption = "",
    jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl", help="Make a call for each line of stdin, a JSON object of arguments each."
        ),
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=1, metavar="N", help="Calls of --jsonl under way at once.")
    ] = 4,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Print as it comes: a text piece by piece, anything else as lines of JSON. "
            "[default: a text, on a terminal]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Save files of the result there, and print their paths. "
            "[default: print their addresses]",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Neither progress nor the app's messages.")
    ] = False,
    raw: RawOption = False,
    no_check: Annotated[
        bool,
        typer.Option("--no-check", help="Send arguments that do not fit the app's schema too."),
    ] = False,
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Call an endpoint of an app and print its result.

    \b
    spacecall call SOURCE /endpoint --help    the app's own parameters
    spacecall call SOURCE /endpoint --text hi --image @cat.png --n 20

    A text parameter takes a text, @file for a file's text, or - for stdin; a file parameter takes
    @file, an address or -; a list is a repeated flag; anything else is JSON. A parameter of the
    name of an option below has the flag --param-NAME; --flag=VALUE takes any VALUE.
    """  # noqa: D301 - the help wants this character
    if jsonl and stream:
        raise InvalidInputError("--jsonl gives whole results: leave --stream out")
    order = Order(
        source=source,
        endpoint=endpoint,
        given=given_in(ctx),
        json=json_,
        jobs=jobs if jsonl else None,
        stream=stream,
        out=out,
        quiet=quiet,
        raw=raw,
        check=not no_check,
    )
    credentials = Credentials.of(token, user, header, timeout, for_)
    if code := run(lambda: place(order, credentials)):
        raise typer.Exit(code)
