"""The pytest plugin: `@pytest.mark.spacecall`, `space_cassette`, `--spacecall-record=MODE`.

pytest loads it wherever spacecall is installed. It does nothing until a test uses it.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spacecall._atomic import write_file
from spacecall.cassettes._engine.record_modes import MODES
from spacecall.cassettes._format.cassette_paths import find_name_clashes, make_cassette_name

if TYPE_CHECKING:
    from spacecall.cassettes import Cassette

_OUTCOMES = pytest.StashKey[list[bool]]()
_CLASHES = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--spacecall-record` and `--spacecall-list`."""
    group = parser.getgroup("spacecall")
    group.addoption(
        "--spacecall-list",
        metavar="FILE",
        help="Write the paths of the cassettes of the collected tests to FILE, one per line.",
    )
    group.addoption(
        "--spacecall-record",
        choices=MODES,
        default="none",
        metavar="MODE",
        help="Record mode of Space cassettes: none (default), once, new_episodes, all, rewrite.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "spacecall(name=None, **options): replay Spaces from a cassette, in the folder `cassettes` "
        "beside the test; the options are those of use_cassette.",
    )


@pytest.hookimpl(tryfirst=True)  # before tests are deselected: deselected tests have cassettes too
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse tests that would share a cassette by accident.

    Raises:
        pytest.UsageError: two tests have the same cassette, and at least one does not name it.
    """
    users = [item for item in items if "space_cassette" in _fixtures(item)]
    problems = find_name_clashes(
        (item.nodeid, _path(item), bool(_marker_name(item))) for item in users
    )
    if problems and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(dict.fromkeys(problems.values())))
    config.stash[_CLASHES] = problems  # a worker of pytest-xdist cannot report a UsageError


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the file of `--spacecall-list`."""
    if file := session.config.getoption("--spacecall-list"):
        users = [item for item in session.items if "space_cassette" in _fixtures(item)]
        lines = "".join(f"{_path(item)}\n" for item in users)
        write_file(Path(file), lines.encode("utf-8", "surrogateescape"))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # plugins and xfail may change the outcome
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test and its subtests passed, or failed as `xfail` expects."""
    report = yield
    if call.when == "setup":  # a test may run again
        item.stash[_OUTCOMES] = []
    elif call.when == "call":
        item.stash[_OUTCOMES].append(report.passed or hasattr(report, "wasxfail"))
    return report


@pytest.fixture
def space_cassette(request: pytest.FixtureRequest) -> Generator[Cassette]:
    """Record or replay the cassette of the test, as `--spacecall-record` says.

    Its path is `cassettes/<file>/<class>/<test>.json` beside the test's file, or
    `cassettes/<name>.json` if the marker names it. It is written only if the test passes, or fails
    as `xfail` expects. During a replay the process cannot open connections.
    """
    from spacecall.cassettes import CassetteError, use_cassette  # noqa: PLC0415 - needs an extra

    marker = request.node.get_closest_marker("spacecall")
    options: dict[str, Any] = {"mode": request.config.getoption("--spacecall-record")}
    options |= marker.kwargs if marker else {}
    path = _path(request.node)
    if clash := request.config.stash.get(_CLASHES, dict[str, str]()).get(request.node.nodeid):
        raise CassetteError(clash)
    if not path.resolve().is_relative_to(request.path.parent.resolve()):
        raise CassetteError(
            f"the cassette of a test must be in the folder of the test, not at {path}"
        )
    with use_cassette(path, **options) as cassette:
        with nullcontext() if cassette.recording else _offline():
            yield cassette
        outcomes = request.node.stash.get(_OUTCOMES, list[bool]())
        if not (outcomes and all(outcomes)):  # no outcome: its setup failed, or it was interrupted
            cassette.complete = False


@pytest.fixture(autouse=True)
def _spacecall_marked(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("spacecall"):
        request.getfixturevalue("space_cassette")


def _fixtures(item: pytest.Item) -> list[str]:
    marked = ["space_cassette"] if item.get_closest_marker("spacecall") else []
    return [*marked, *getattr(item, "fixturenames", [])]


def _marker_name(item: pytest.Item) -> str:
    marker = item.get_closest_marker("spacecall")
    return str(marker.args[0]) if marker and marker.args else ""


def _path(item: pytest.Item) -> Path:
    """Return the path of a test's cassette."""
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    name = _marker_name(item) or make_cassette_name(item.path.stem, classes, item.name)
    return item.path.parent / "cassettes" / f"{name}.json"


@contextmanager
def _offline() -> Generator[None]:
    """Refuse every connection of the process over IP, to this machine too."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise ConnectionRefusedError(
                f"a cassette is being replayed: connection to {address} refused"
            )
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket.socket, "connect_ex", refuse)
        yield
