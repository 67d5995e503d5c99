"""The pytest plugin: `@pytest.mark.spacecall`, `space_cassette`, `--spacecall-record=MODE`.

It loads with pytest wherever spacecall is installed, and does nothing until a test asks for it.
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
from spacecall.cassettes._format.cassette_paths import cassette_name, clashes

if TYPE_CHECKING:
    from spacecall.cassettes import Cassette

_FAILED = pytest.StashKey[bool]()
_CLASHES = pytest.StashKey[dict[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--spacecall-record` and `--spacecall-list`."""
    group = parser.getgroup("spacecall")
    group.addoption(
        "--spacecall-list",
        metavar="FILE",
        help="Write the cassettes of the collected tests to FILE, a path a line.",
    )
    group.addoption(
        "--spacecall-record",
        choices=MODES,
        default="none",
        metavar="MODE",
        help="What cassettes of Spaces record: none (default), once, new_episodes, all, rewrite.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "spacecall(name=None, **options): replay Spaces from a cassette, in the folder `cassettes` "
        "beside the test; options are those of use_cassette.",
    )


@pytest.hookimpl(tryfirst=True)  # before tests are deselected: they have cassettes too
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse tests that would share a cassette by accident.

    Raises:
        pytest.UsageError: two of them have the same, and not both name it.
    """
    users = [item for item in items if "space_cassette" in _fixtures(item)]
    problems = clashes((item.nodeid, _path(item), bool(_marker_name(item))) for item in users)
    if problems and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(dict.fromkeys(problems.values())))
    config.stash[_CLASHES] = problems  # a worker of pytest-xdist that ends tells nobody why


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write what `--spacecall-list` asks for."""
    if file := session.config.getoption("--spacecall-list"):
        used = [item for item in session.items if "space_cassette" in _fixtures(item)]
        lines = "".join(f"{_path(item)}\n" for item in used)
        write_file(Path(file), lines.encode("utf-8", "surrogateescape"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that a test has failed, for its cassette."""
    report = yield
    if report.failed and call.when == "call":
        item.stash[_FAILED] = True
    return report


@pytest.fixture
def space_cassette(request: pytest.FixtureRequest) -> Generator[Cassette]:
    """The cassette of the test, in use: recorded or replayed as `--spacecall-record` says.

    It is `cassettes/<file>/<class>/<test>.json` beside the test's file, or `cassettes/<name>.json`
    if the marker names it. While it is replayed, nothing in the process can open a connection.
    """
    from spacecall.cassettes import CassetteError, use_cassette  # noqa: PLC0415 - needs an extra

    marker = request.node.get_closest_marker("spacecall")
    options: dict[str, Any] = {"mode": request.config.getoption("--spacecall-record")}
    options |= marker.kwargs if marker else {}
    path = _path(request.node)
    if clash := request.config.stash.get(_CLASHES, dict[str, str]()).get(request.node.nodeid):
        raise CassetteError(clash)
    if not path.resolve().is_relative_to(request.path.parent.resolve()):
        raise CassetteError(f"a cassette is in the folder of its test, not at {path}")
    with use_cassette(path, **options) as cassette:
        with nullcontext() if cassette.recording else _offline():
            yield cassette
        if _FAILED in request.node.stash:  # what it did not come to is no news
            cassette.strict = False


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
    """Where the cassette of a test is."""
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    name = _marker_name(item) or cassette_name(item.path.stem, classes, item.name)
    return item.path.parent / "cassettes" / f"{name}.json"


@contextmanager
def _offline() -> Generator[None]:
    """Inside, no socket connects to another host, or to this one."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise ConnectionRefusedError(f"a cassette is replayed: no connection to {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket.socket, "connect_ex", refuse)
        yield
