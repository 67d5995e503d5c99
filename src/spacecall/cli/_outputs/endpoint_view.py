"""Draw endpoints for `inspect`, and for the help of `call`.

The texts of types, defaults and parameters: `schema_labels`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spacecall._visible import visible_line
from spacecall.cli._inputs.flags import Flag, parameter_kinds
from spacecall.cli._outputs.schema_labels import (
    describe_default,
    describe_parameter,
    describe_type,
    list_marks,
    short_label,
)
from spacecall.endpoints import Endpoint

__all__ = ["draw_endpoint", "draw_help"]

_MAX_NAME = 30
"""Columns of the terminal for the names of parameters, and for flags."""
_METAVARS = {
    "boolean": "",
    "file": "FILE",
    "integer": "INTEGER",
    "number": "NUMBER",
    "string": "TEXT",
}


def draw_endpoint(endpoint: Endpoint) -> RenderableType:
    """Draw an endpoint: name, marks, description, parameters with types and defaults, outputs."""
    rows = [
        (
            Text(visible_line(parameter.name), "bold"),
            describe_type(parameter.schema),
            "; ".join(filter(None, [describe_default(parameter), describe_parameter(parameter)])),
        )
        for parameter in endpoint.parameters
    ]
    description = visible_line(endpoint.description)
    outputs = Text("returns ", "dim").append(_format_outputs(endpoint), "none")
    return Group(
        _draw_heading(endpoint),
        *([Padding(Text(description), (0, 0, 0, 4))] if description else []),
        _draw_columns(rows),
        Padding(outputs, (0, 0, 0, 4)),
    )


def draw_help(source: str, endpoint: Endpoint, flags: Sequence[Flag]) -> RenderableType:
    """Draw the help of `call SOURCE /endpoint --help`."""
    usage = visible_line(f"Usage: spacecall call {shlex.join([source, endpoint.name])}")
    required = [_format_flag(flag, usage=True) for flag in flags if flag.parameter.required]
    page: list[RenderableType] = [Text(" ".join([usage, *required, "[OPTIONS]"]))]
    paragraphs = [visible_line(endpoint.description), ", ".join(list_marks(endpoint))]
    page += [Padding(Text(paragraph), (1, 0, 0, 2)) for paragraph in paragraphs if paragraph]
    if flags:
        rows = [(Text(_format_flag(flag), "bold"), _describe_flag(flag)) for flag in flags]
        page += [Text("\nParameters:"), _draw_columns(rows, margin=2)]
    page += [Text("\nReturns:"), Padding(Text(_format_outputs(endpoint)), (0, 0, 0, 2))]
    page.append(Text("\nOptions: see spacecall call --help"))
    return Group(*page)


def _draw_heading(endpoint: Endpoint) -> Text:
    heading = Text(visible_line(endpoint.name), "bold cyan")
    if marks := list_marks(endpoint):
        heading.append(f"  ({', '.join(marks)})", "not bold yellow")
    return heading


def _format_outputs(endpoint: Endpoint) -> str:
    outputs: list[str] = []
    for output in endpoint.returns:
        label = short_label(output) or output.component
        outputs.append(f"{label}: {describe_type(output.schema)}" if label else "JSON")
    return ", ".join(outputs) or "nothing"


def _draw_columns(rows: Iterable[Sequence[str | Text]], *, margin: int = 4) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=_MAX_NAME, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return Padding(table, (0, 0, 0, margin)) if table.row_count else Group()


def _format_flag(flag: Flag, *, usage: bool = False) -> str:
    """Return a flag with its metavar; with an ellipsis if repeatable, except in the usage line."""
    if flag.is_switch:
        return f"{flag.name}/{flag.negative}" if flag.negative else f"{flag.name}=true|false"
    return f"{flag.name} {_metavar(flag)}{'…' if flag.repeatable and not usage else ''}"


def _metavar(flag: Flag) -> str:
    kinds = parameter_kinds(flag.parameter)
    if flag.repeatable:
        list_type = describe_type(flag.parameter.schema)
        return "FILE" if list_type == "list of files" else "ITEM"
    if kinds == {"string"} and describe_type(flag.parameter.schema).startswith('"'):
        return "CHOICE"
    return "VALUE" if len(kinds) > 1 else _METAVARS.get(next(iter(kinds), ""), "JSON")


def _describe_flag(flag: Flag) -> str:
    """Return a flag's description, its type unless the metavar shows it, and its default."""
    parameter = flag.parameter
    value_type = describe_type(parameter.schema)
    is_in_metavar = value_type in ("text", "number", "integer", "file", "JSON", "true or false")
    parts = [
        describe_parameter(parameter),
        "" if is_in_metavar else value_type,
        describe_default(parameter),
    ]
    return "; ".join(filter(None, parts))
