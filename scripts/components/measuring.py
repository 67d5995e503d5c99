"""Calls of a release's every component: which values it takes, and what it makes of those it gives.

Nothing is checked before it is sent, and outputs are looked at before they are decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from spacecall import Space, SpaceError, Timeouts
from spacecall._client.calls.caller import find_dependency, make_call
from spacecall._client.calls.prepared_call import UNCHANGED, MakeFile, PreparedCall
from spacecall._client.streams.connection import Connection
from spacecall._core.filedata import is_file_data
from spacecall._core.json_values import is_array, is_object
from spacecall._core.schema_check import find_problems
from tests import servers

APP: Final = "component_values.py"
INPUTS: Final[Mapping[str, Any]] = {
    "None": None,
    "True": True,
    "0": 0,
    "7": 7,
    "2**53 + 1": 2**53 + 1,
    "1.5": 1.5,
    "3.0": 3.0,
    "''": "",
    "'a'": "a",
    "'zz'": "zz",
    "'7'": "7",
    "'2024-01-02 03:04:05'": "2024-01-02 03:04:05",
    "[]": [],
    "['a']": ["a"],
    "['zz']": ["zz"],
    "[1, 2]": [1, 2],
    "{}": {},
    "{'a': 1}": {"a": 1},
    "{'text': 'x', 'files': []}": {"text": "x", "files": []},
}
"""The values that each component is sent, by how they are written."""
REFUSED: Final = "error"
_ADDRESS: Final = re.compile("0x[0-9a-f]+")
_AT_ONCE: Final = 8
_PATIENT: Final = Timeouts(total=60)


@dataclass
class Row:
    """One component on one release.

    Attributes:
        component: its kind, as `/info` has it; empty where an API caller cannot give its value.
        taken: for each of `INPUTS`, what its function got; `REFUSED` where it was not called.
        outputs: for each probe, the kind of JSON that came; `REFUSED` for an error of the app.
        misfits: the probes whose output does not fit the schema of `/info`.
    """

    component: str = ""
    taken: dict[str, str] = field(default_factory=dict[str, str])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    misfits: list[str] = field(default_factory=list[str])


async def measure(release: str) -> dict[str, Row]:
    """Measure every component of a Gradio release, by the row's name in the app."""
    with servers.serve(APP, release) as server:
        async with Space(server.url, timeouts=_PATIENT) as space:
            names = await _send(space, "/names", [])
            rows = {name: Row() for name in names[0]["rows"]}
            slots = anyio.CapacityLimiter(_AT_ONCE)
            async with anyio.create_task_group() as group:
                for name, row in rows.items():
                    group.start_soon(_measure_inputs, space, f"/in_{name}", row, slots)
                    probes: list[str] = names[0]["probes"]
                    group.start_soon(_measure_outputs, space, f"/out_{name}", row, probes, slots)
    return {name: row for name, row in rows.items() if row.component}


async def _measure_inputs(space: Space, name: str, row: Row, slots: anyio.CapacityLimiter) -> None:
    endpoint = space.endpoints.get(name)
    if endpoint is None or not endpoint.parameters:
        return
    row.component = endpoint.parameters[0].component
    for label, value in INPUTS.items():
        async with slots:
            try:
                received = json.loads((await _send(space, name, [value]))[0])
            except SpaceError:
                row.taken[label] = REFUSED
            else:
                text = _ADDRESS.sub("0x…", received["text"])
                row.taken[label] = f"{received['type']} {text}"


async def _measure_outputs(
    space: Space, name: str, row: Row, probes: Sequence[str], slots: anyio.CapacityLimiter
) -> None:
    endpoint = space.endpoints.get(name)
    if endpoint is None or not endpoint.returns:
        return
    row.component = endpoint.returns[0].component
    for probe in probes:
        async with slots:
            try:
                (value,) = await _send(space, name, [probe])
            except SpaceError:
                row.outputs[probe] = REFUSED
            else:
                row.outputs[probe] = kind_of(value)
                if value is not UNCHANGED and find_problems(endpoint.returns[0].schema, value):
                    row.misfits.append(probe)


def kind_of(value: Any) -> str:
    """Return the kind of a JSON value; what is empty is written out."""
    if value is UNCHANGED:
        return "unchanged"
    if value is None or isinstance(value, bool) or value in ("", [], {}):
        return json.dumps(value)
    if isinstance(value, (int, float, str)):
        return type(value).__name__
    if is_array(value):
        return f"list of {', '.join(sorted({kind_of(item) for item in value}))}"
    if is_object(value):
        return "file" if is_file_data(value) else "object"
    return type(value).__name__


async def _send(space: Space, name: str, values: list[Any]) -> list[Any]:
    """Call `name` with the wire's own values, and return what the wire gave."""

    async def prepare(connection: Connection, *_: object) -> PreparedCall[list[Any]]:
        return PreparedCall(find_dependency(connection, name), values, _raw)

    return await make_call(space, name, prepare)


def _raw(values: list[Any], make_file: MakeFile) -> list[Any]:
    del make_file
    return values
