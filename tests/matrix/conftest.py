"""One suite, run on real servers of several Gradio releases: `scripts/matrix` runs all of them.

`SPACECALL_MATRIX` names the releases, separated by commas; by default the newest of each great
version, and the others are left to `scripts/matrix`. `SPACECALL_MATRIX_TABLE` names a file that
the table of results is written to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from spacecall import Call, Space, Ticket, Timeouts, UnsupportedProtocolError
from spacecall._client.calls.caller import Caller
from tests import servers
from tests.conftest import ServerPool
from tests.servers import AppServer

_NEWEST = (servers.GRADIO_6, servers.GRADIO_5, servers.GRADIO_4, servers.GRADIO_3)
RELEASES = os.environ.get("SPACECALL_MATRIX", ",".join(_NEWEST)).split(",")
PROTOCOLS = {
    "3.50.2": "ws",
    "4.0.2": "sse",
    "4.10.0": "sse_v1",
    "4.19.2": "sse_v2",
    "4.21.0": "sse_v2.1",
}
"""What releases announce; the others `sse_v3`."""

KEPT_IN_THE_QUEUE = ("4.21.0", "4.19.2")
"""Where a job that was cancelled while it waits runs when its turn comes."""

PATIENT = Timeouts(total=60)
"""Seconds after which a call that hangs is an error."""

TABLE = {"headers": ["name", "age"], "data": [["ann", 3], ["bob", 4]]}
"""What a dataframe takes."""

# An app of an earlier release cannot have any.
_NOT_YET = re.compile(r"test_validators\[gradio-[34]\.")
# It waits a minute for each release: left to the whole matrix.
_SLOW = re.compile("tests/matrix/.*_after_30_s")
_LEFT_OUT = pytest.mark.skip(reason="it takes a minute: run ./scripts/matrix")
_WHOLE = "SPACECALL_MATRIX_TABLE" in os.environ
_NO = "**no**"
_MARKS = ("", "yes", "typed error", _NO)
"""Of several tests in a row of the table, the last of these is shown."""
_TEST = re.compile(r"::test_(?P<words>\w+)\[gradio-(?P<release>[\d.]+)")


@dataclass
class Table:
    """What came out, by what was tried and by release."""

    cells: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def note(self, report: pytest.TestReport) -> None:
        match = _TEST.search(report.nodeid)
        if match and (report.failed or (report.when == "call" and report.passed)):
            row = self.cells.setdefault(match["words"].replace("_", " "), {})
            mark = _NO if report.failed else dict(report.user_properties).get("mark", "yes")
            row[match["release"]] = max(str(mark), row.get(match["release"], ""), key=_MARKS.index)

    def text(self) -> str:
        heads = [f"{release} `{PROTOCOLS.get(release, 'sse_v3')}`" for release in RELEASES]
        lines = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
        for capability, row in sorted(self.cells.items()):
            marks = [row.get(release, "") for release in RELEASES]
            lines.append(f"| {capability} | {' | '.join(marks)} |")
        return "\n".join([*lines, ""])


_TABLE = Table()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if not _NOT_YET.search(item.nodeid)]
    if not _WHOLE:
        for item in items:
            if _SLOW.search(item.nodeid):
                item.add_marker(_LEFT_OUT)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _TABLE.note(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = os.environ.get("SPACECALL_MATRIX_TABLE")
    if path and not hasattr(session.config, "workerinput"):  # the reports of xdist's workers
        Path(path).write_text(_TABLE.text(), encoding="utf-8")


@pytest.fixture
def refused(record_property: Callable[[str, object], None]) -> Callable[[], None]:
    """To be called where a release cannot do it, and a typed error is what is wanted."""
    return lambda: record_property("mark", "typed error")


@pytest.fixture(scope="session", params=RELEASES, ids=lambda release: f"gradio-{release}")
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def app(release: str, app_server: ServerPool) -> AppServer:
    """The protocol app on each release."""
    return app_server("protocol_app.py", release)


def given(space: Space, endpoint: str, *values: Any, on: Caller | None = None) -> Call[Any]:
    """A call with arguments by their order: before 4.44 /info has no names, and labels differ."""
    names = [parameter.name for parameter in space.endpoints[endpoint].parameters]
    return (on or space).call(endpoint, **dict(zip(names, values, strict=False)))


async def detached(space: Space, release: str, refused: Callable[[], None]) -> Ticket | None:
    """A job that is left to be collected; None where one ends with its stream, and is refused."""
    call = given(space, "/slow_async", 0.2)
    if PROTOCOLS.get(release) in ("ws", "sse"):
        with pytest.raises(UnsupportedProtocolError, match="cannot be detached"):
            await call.detach()
        refused()
        return None
    return await call.detach()
