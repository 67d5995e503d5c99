"""`spacecall call`: call an endpoint, with its parameters as flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from typer.core import TyperCommand

from spacecall._regular_files import check_output_folder
from spacecall._visible import shorten
from spacecall.cli._inputs.completion import complete_endpoint_names, complete_flag_names
from spacecall.cli._inputs.flags import split_arguments
from spacecall.cli._runners.call_runner import CallRequest, UnparsedFlags, execute
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.errors import InvalidInputError

__all__ = [
    "CallCommand",
    "EndpointArgument",
    "JsonOption",
    "QuietOption",
    "RawOption",
    "SourceArgument",
    "call",
    "unparsed_flags",
]

SourceArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="A Space id (owner/name) or an address.", show_default=False
    ),
]
"""The app to call."""

EndpointArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ENDPOINT",
        help="The endpoint, such as /predict; `spacecall inspect` lists them.",
        show_default=False,
        autocompletion=complete_endpoint_names,
    ),
]
"""The endpoint to call."""

JsonOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--json",
        metavar="OBJECT",
        help="Pass arguments as a JSON object, @file, or - for stdin. Flags override them.",
        show_default=False,
    ),
]
"""`--json`, for commands that call an endpoint."""

RawOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="Print the exact text, even on a terminal and in a CI log: its control characters "
        "take effect.",
    ),
]
"""`--raw`, for commands that print results."""

QuietOption: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Hide progress and the app's messages.")
]
"""`--quiet`, for commands that call an endpoint."""

_WORDS, _SHOW_HELP, _OPTIONS = "spacecall.words", "spacecall.show_help", "spacecall.options"


class CallCommand(TyperCommand):
    """A command that keeps the app's flags unparsed until the app has described them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command's own options; keep the app's flags in `ctx.meta`."""
        options: dict[str, bool] = {}
        for parameter in self.get_params(ctx):
            for spelling in (*parameter.opts, *parameter.secondary_opts):
                if spelling.startswith("-"):
                    options[spelling] = not getattr(parameter, "is_flag", False)
        command_words, app_words, missing = split_arguments(args, options, positions=2)
        help_words = set(ctx.help_option_names)
        if not missing and not help_words.isdisjoint(command_words):
            command_words = [word for word in command_words if word not in help_words]
            ctx.meta[_SHOW_HELP] = True
        ctx.meta[_WORDS], ctx.meta[_OPTIONS] = app_words, frozenset(options)
        unparsed: list[str] = super().parse_args(ctx, command_words)
        return unparsed

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete the command's own options, and the flags of the endpoint."""
        items = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return items
        item_type = type(super().shell_complete(ctx, "--")[0])
        labels = complete_flag_names(ctx, incomplete, ctx.meta.get(_OPTIONS, ()))
        return [*(item_type(name, help=label) for name, label in labels.items()), *items]


def unparsed_flags(ctx: typer.Context) -> UnparsedFlags:
    """Return the app's flags on the command line of a `CallCommand`."""
    return UnparsedFlags(
        ctx.meta.get(_WORDS, []),
        ctx.meta.get(_OPTIONS, frozenset()),
        ctx.meta.get(_SHOW_HELP, False),
    )


@takes_credentials(oauth_token=True)
def call(
    ctx: typer.Context,
    source: SourceArgument,
    endpoint: EndpointArgument,
    *,
    json_: JsonOption = "",
    jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl", help="Make a call for each line of stdin: a JSON object of arguments."
        ),
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=1, metavar="N", help="With --jsonl, run up to N calls at once.")
    ] = 4,
    stream_input: Annotated[
        list[str] | None,
        typer.Option(
            "--stream-input",
            metavar="FILE",
            help="Send a stream of inputs to the endpoint: this file, or the files of this folder "
            "by name; - for a path or a JSON value on each line of stdin. Repeatable.",
            show_default=False,
        ),
    ] = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Print partial results: what is new in a text, other values as lines of JSON. "
            "[default: only texts, only on a terminal]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Save files of the result in this folder and print their paths. "
            "[default: print their addresses]",
            show_default=False,
        ),
    ] = None,
    quiet: QuietOption = False,
    raw: RawOption = False,
    no_check: Annotated[
        bool,
        typer.Option("--no-check", help="Do not check the arguments against the app's schema."),
    ] = False,
    event_data: Annotated[
        str,
        typer.Option(
            "--event-data",
            metavar="OBJECT",
            help="Send the details of an event on the app's page, a JSON object or @file, to an "
            "endpoint that reads them.",
            show_default=False,
        ),
    ] = "",
    query_param: Annotated[
        list[str] | None,
        typer.Option(
            "--query-param",
            metavar="NAME=VALUE",
            help="Add this to the query of the request, for an endpoint that reads it. Repeatable.",
            show_default=False,
        ),
    ] = None,
    read_credentials: ReadCredentials,
) -> None:
    """Call an endpoint and print its result.

    \b
    spacecall call SOURCE /endpoint --help    show the endpoint's parameters
    spacecall call SOURCE /endpoint --text hi --image @cat.png --n 20

    Each parameter of the endpoint is a flag. For a text, @file means the text of a file, and -
    means stdin. For a file, use @file, an address, or - for stdin. Repeat the flag of a list. Other
    values are JSON. If a parameter has the name of an option below, its flag is --param-NAME. Write
    --flag=VALUE if VALUE looks like an option.
    """  # noqa: D301 - typer needs this character
    if jsonl and stream:
        raise InvalidInputError("--jsonl prints complete results only: remove --stream")
    if stream_input and (jsonl or stream is False):
        option = "--jsonl" if jsonl else "--no-stream"
        raise InvalidInputError(f"--stream-input prints a result after each input: remove {option}")
    if out is not None:
        check_output_folder("--out", out)
    request = CallRequest(
        source=source,
        endpoint=endpoint,
        flags=unparsed_flags(ctx),
        json=json_,
        jobs=jobs if jsonl else None,
        stream=stream,
        out=out,
        quiet=quiet,
        raw=raw,
        check=not no_check,
        event_data=event_data,
        query_params=_parse_query(query_param or []),
        stream_inputs=stream_input or (),
    )
    credentials = read_credentials()
    if code := run_async(lambda: execute(request, credentials)):
        raise typer.Exit(code)


def _parse_query(pairs: Sequence[str]) -> dict[str, str]:
    """Parse the values of `--query-param`."""
    query: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidInputError(f"--query-param must be NAME=VALUE, got {shorten(pair)!r}")
        query[name] = value
    return query
