"""The pytest plugin: `@pytest.mark.spacecall`, `space_cassette`, `--spacecall-record=MODE`.

pytest loads it wherever spacecall is installed. It does nothing until a test uses it.
"""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import pytest

from spacecall._atomic import write_file
from spacecall._warnings import is_user_code
from spacecall.cassettes._engine.network_guard import (
    AllowedHost,
    parse_allowed_host,
    refuse_connections,
)
from spacecall.cassettes._engine.record_modes import MODES
from spacecall.cassettes._engine.sharing import SharedRun, Sharing
from spacecall.cassettes._format.cassette_paths import cassette_path_of, find_name_clashes
from spacecall.cassettes.errors import CassetteError, CassetteMissError

if TYPE_CHECKING:
    from spacecall.cassettes import Cassette

_OUTCOMES = pytest.StashKey[list[bool]]()
_SHOWS_MISS = pytest.StashKey[bool]()
_USERS = pytest.StashKey[list[pytest.Item]]()
_ALLOWED_HOSTS = pytest.StashKey[list[AllowedHost]]()
_CLASHES = pytest.StashKey[dict[str, str]]()
_SHARED = pytest.StashKey[dict[Path, SharedRun]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options `--spacecall-…` and `spacecall_…` of the configuration file."""
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
    parser.addini(
        "spacecall_allowed_hosts",
        type="args",
        help="Hosts (host or host:port) that tests may connect to while a cassette is replayed.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and read the allowed hosts.

    Raises:
        pytest.UsageError: an allowed host is invalid.
    """
    try:
        hosts = [parse_allowed_host(text) for text in config.getini("spacecall_allowed_hosts")]
    except ValueError as error:
        raise pytest.UsageError(f"spacecall_allowed_hosts: {error}") from error
    config.stash[_ALLOWED_HOSTS] = hosts
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
    config.stash[_USERS] = users
    problems = find_name_clashes(
        (item.nodeid, _path(item), bool(_marker_name(item))) for item in users
    )
    if problems and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(dict.fromkeys(problems.values())))
    config.stash[_CLASHES] = problems  # a worker of pytest-xdist cannot report a UsageError


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which tests share cassettes, and write the file of `--spacecall-list`.

    The cassettes of deselected tests are in the file too.
    """
    session.config.stash[_SHARED] = _find_shared(session)
    if file := session.config.getoption("--spacecall-list"):
        users = session.config.stash.get(_USERS, list[pytest.Item]())
        lines = "".join(f"{_path(item)}\n" for item in users)
        write_file(Path(file), lines.encode("utf-8", "surrogateescape"))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # plugins and xfail may change the outcome
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test and its subtests passed, or failed as `xfail` expects.

    The report of an error of cassettes has the lines of the test only, and is the message alone if
    there are none. `--full-trace` shows all lines.
    """
    error = None if call.excinfo is None else call.excinfo.value
    cassette_errors = [] if error is None else list(_find_cassette_errors(error))
    without_lines: list[CassetteError] = []
    if error and cassette_errors and not item.config.getoption("fulltrace"):
        without_lines = [each for each in cassette_errors if not _keep_test_code(each)]
        call.excinfo = pytest.ExceptionInfo[BaseException].from_exception(error)
    report = yield
    if error in without_lines:
        report.longrepr = "".join(traceback.format_exception_only(error)).rstrip()
    if call.when == "setup":  # a test may run again
        item.stash[_OUTCOMES] = []
        item.stash[_SHOWS_MISS] = False
    if any(isinstance(each, CassetteMissError) for each in cassette_errors):
        item.stash[_SHOWS_MISS] = True
    if call.when == "call":
        item.stash[_OUTCOMES].append(report.passed or hasattr(report, "wasxfail"))
    return report


@pytest.fixture
def space_cassette(request: pytest.FixtureRequest) -> Generator[Cassette]:
    """Record or replay the cassette of the test, as `--spacecall-record` says.

    Its path is `cassettes/<file>/<class>/<test>.json` beside the test's file, or
    `cassettes/<name>.json` if the marker names it. It is written only if the test passes, or fails
    as `xfail` expects. During a replay the process cannot open connections.
    """
    from spacecall.cassettes.use import use_shared_cassette  # noqa: PLC0415 - needs an extra

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
    allowed_hosts = request.config.stash[_ALLOWED_HOSTS]
    run = request.config.stash.get(_SHARED, dict[Path, SharedRun]()).get(path)
    sharing = Sharing(run, _test_name(request.node), request.path.parent) if run else None
    try:
        with use_shared_cassette(path, sharing, **options) as cassette:
            with nullcontext() if cassette.recording else refuse_connections(allowed_hosts):
                yield cassette
            outcomes = request.node.stash.get(_OUTCOMES, list[bool]())
            if not (outcomes and all(outcomes)):  # none: its setup failed, or it was interrupted
                cassette.complete = False
    except CassetteMissError:
        if not request.node.stash.get(_SHOWS_MISS, False):
            raise


@pytest.fixture(autouse=True)
def _spacecall_marked(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("spacecall"):
        request.getfixturevalue("space_cassette")


def _fixtures(item: pytest.Item) -> list[str]:
    marked = ["space_cassette"] if item.get_closest_marker("spacecall") else []
    return [*marked, *getattr(item, "fixturenames", [])]


def _find_shared(session: pytest.Session) -> dict[Path, SharedRun]:
    """Return the cassettes that tests may share, because they have a name, by their paths."""
    users: defaultdict[Path, list[pytest.Item]] = defaultdict(list)
    for item in session.config.stash.get(_USERS, list[pytest.Item]()):
        users[_path(item)].append(item)
    selected = {item.nodeid for item in session.items}
    is_narrowed = any("::" in argument for argument in session.config.args)
    files = set[Path]() if is_narrowed else {item.path for item in session.items}
    is_worker = hasattr(session.config, "workerinput")
    return {
        path: SharedRun(
            [*map(_test_name, items)],
            [_test_name(item) for item in items if item.nodeid in selected],
            [file.name for file in files if file.parent == items[0].path.parent],
            is_worker,
        )
        for path, items in users.items()
        if any(map(_marker_name, items))
    }


def _test_name(item: pytest.Item) -> str:
    """Return the name of a test in its folder: `file::test`."""
    return f"{item.path.name}::{item.nodeid.partition('::')[2]}"


def _marker_name(item: pytest.Item) -> str:
    marker = item.get_closest_marker("spacecall")
    return str(marker.args[0]) if marker and marker.args else ""


def _path(item: pytest.Item) -> Path:
    """Return the path of a test's cassette."""
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    name = _marker_name(item) or cassette_path_of(item.path.stem, classes, item.name)
    return item.path.parent / "cassettes" / f"{name}.json"


def _keep_test_code(error: BaseException) -> bool:
    """Reduce a traceback to the lines of the test; return whether there are any.

    Lines before those of this plugin's fixture are those of pytest, which ran it.
    """
    entries: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        entries = [] if entry.tb_frame.f_globals is globals() else [*entries, entry]
        entry = entry.tb_next
    while entries and not is_user_code(entries[-1].tb_frame):
        entries.pop()
    shortened: TracebackType | None = None
    for entry in reversed(entries):
        shortened = TracebackType(shortened, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    if shortened is not None:
        error.__traceback__ = shortened
    return shortened is not None


def _find_cassette_errors(error: BaseException) -> Iterator[CassetteError]:
    """Yield the errors of cassettes that a traceback of an error shows."""
    remaining: list[BaseException | None] = [error]
    seen: set[int] = set()
    while remaining:
        current = remaining.pop()
        if current is None or id(current) in seen:
            continue
        if isinstance(current, CassetteError):
            yield current
        seen.add(id(current))
        remaining += current.__cause__, current.__context__
        if isinstance(current, BaseExceptionGroup):
            remaining += cast("BaseExceptionGroup[BaseException]", current).exceptions
