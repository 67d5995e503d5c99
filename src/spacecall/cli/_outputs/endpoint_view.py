"""Endpoints on the screen: for `inspect`, and for the help of `call`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spacecall._visible import visible_line
from spacecall.cli._inputs.flags import Flag, kinds
from spacecall.cli._outputs.schema_labels import default_of, kind_of, marks_of, remark_of, title_of
from spacecall.endpoints import Endpoint

__all__ = ["endpoint_block", "endpoint_help"]

_NAME = 24
"""The widest column of names, in columns of the terminal."""
_METAVARS = {
    "boolean": "",
    "file": "FILE",
    "integer": "INTEGER",
    "number": "NUMBER",
    "string": "TEXT",
}


def endpoint_block(endpoint: Endpoint) -> RenderableType:
    """An endpoint: name, marks, docstring, parameters with types and defaults, outputs."""
    rows = [
        (
            Text(visible_line(parameter.name), "bold"),
            kind_of(parameter.schema),
            "; ".join(filter(None, [default_of(parameter), remark_of(parameter)])),
        )
        for parameter in endpoint.parameters
    ]
    return Group(
        _head(endpoint),
        *([Padding(Text(said), (0, 0, 0, 4))] if (said := _described(endpoint)) else []),
        _columns(rows),
        Padding(Text("gives ", "dim").append(_outputs(endpoint), "none"), (0, 0, 0, 4)),
    )


def endpoint_help(source: str, endpoint: Endpoint, flags: Sequence[Flag]) -> RenderableType:
    """The page of `call SOURCE /endpoint --help`."""
    usage = visible_line(f"Usage: spacecall call {shlex.join([source, endpoint.name])}")
    needed = " ".join(_flag(flag, short=True) for flag in flags if flag.parameter.required)
    page: list[RenderableType] = [Text(f"{usage} {needed} [OPTIONS]".replace("  ", " "))]
    said = [_described(endpoint), ", ".join(marks_of(endpoint))]
    page += [Padding(Text(one), (1, 0, 0, 2)) for one in said if one]
    if flags:
        rows = [(Text(_flag(flag), "bold"), _help_of(flag)) for flag in flags]
        page += [Text("\nParameters of the app:"), _columns(rows, margin=2)]
    page += [Text("\nGives:"), Padding(Text(_outputs(endpoint)), (0, 0, 0, 2))]
    page.append(Text("\nOptions of the command: spacecall call --help"))
    return Group(*page)


def _head(endpoint: Endpoint) -> Text:
    head = Text(visible_line(endpoint.name), "bold cyan")
    if marks := marks_of(endpoint):
        head.append(f"  ({', '.join(marks)})", "not bold yellow")
    return head


def _described(endpoint: Endpoint) -> str:
    return visible_line(endpoint.description)


def _outputs(endpoint: Endpoint) -> str:
    shown = [
        f"{label}: {kind_of(one.schema)}" if (label := title_of(one) or one.component) else "JSON"
        for one in endpoint.returns
    ]
    return ", ".join(shown) or "nothing"


def _columns(rows: Iterable[Sequence[str | Text]], *, margin: int = 4) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=_NAME + 6, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return Padding(table, (0, 0, 0, margin)) if table.row_count else Group()


def _flag(flag: Flag, *, short: bool = False) -> str:
    if flag.switch:
        return f"{flag.name}/{flag.negative}" if flag.negative else f"{flag.name}=true|false"
    return f"{flag.name} {_metavar(flag)}{'…' if flag.repeated and not short else ''}"


def _metavar(flag: Flag) -> str:
    found = kinds(flag.parameter)
    if flag.repeated:
        inner = kind_of(flag.parameter.schema)
        return "FILE" if inner == "list of files" else "ITEM"
    if found == {"string"} and kind_of(flag.parameter.schema).startswith('"'):
        return "CHOICE"
    return "VALUE" if len(found) > 1 else _METAVARS.get(next(iter(found), ""), "JSON")


def _help_of(flag: Flag) -> str:
    """What a flag takes beyond what its metavar tells, what for, and its default."""
    kind = kind_of(flag.parameter.schema)
    plain = kind in ("text", "number", "integer", "file", "JSON", "true or false")
    parts = [remark_of(flag.parameter), "" if plain else kind, default_of(flag.parameter)]
    return "; ".join(filter(None, parts))
