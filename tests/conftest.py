"""Fixtures of all tests: both async backends and real Gradio apps; what a run leaves out."""

from __future__ import annotations

import gc
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import pytest

from scripts import _environments, _programs
from scripts._environments import ROOT
from tests import servers
from tests.servers import AppServer

ServerPool: TypeAlias = Callable[..., AppServer]

LONGEST_FILES = (
    "matrix/test_components.py",
    "core/test_exploration.py",
    "docs/test_examples.py",
    "codegen/live/test_round_trips.py",
    "faults/test_proxy_files.py",
    "ray/test_on_ray.py",
    "hostile/test_bounds.py",
    "matrix/test_contract.py",
    "cassettes/test_sharing.py",
    "faults/test_restarts.py",
    "cassettes/test_owners.py",
    "docs/test_ci_example.py",
    "codegen/test_allocated_names.py",
    "faults/test_proxy_many.py",
    "client/test_concurrency.py",
    "cli/test_map.py",
    "faults/test_odd_answers.py",
    "cli/test_cassettes.py",
    "faults/test_proxy_silence.py",
    "cassettes/test_plugin.py",
    "replay/test_replay.py",
    "client/test_jobs_of_one_function.py",
    "docs/test_guides.py",
    "faults/test_per_job_streams.py",
    "cassettes/test_replaying.py",
    "client/test_files_in.py",
    "faults/test_proxy_joins.py",
    "cli/test_streaming.py",
    "cli/test_special_project_files.py",
    "faults/test_proxy_cancelled.py",
    "cli/test_completion.py",
    "cli/test_signals.py",
    "demos/test_demos.py",
    "protocol/test_regenerate.py",
    "faults/test_cuts.py",
    "matrix/test_proxies.py",
    "client/test_sync_lifetime.py",
    "cli/test_cli_page.py",
    "core/test_fuzz.py",
    "cli/test_demo.py",
    "faults/test_secrets.py",
    "hostile/test_cassette_costs.py",
    "cassettes/test_streams.py",
    "docs/test_project.py",
)
"""The test files that take longest: a few of them have few tests."""


ON_ASYNCIO_ALONE = (servers.GRADIO_5, servers.GRADIO_4)
"""Releases whose protocol is that of Gradio 6: on trio it is tested there."""
_OTHER_RELEASE = re.compile("|".join(map(re.escape, ON_ASYNCIO_ALONE)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--all-pairs`."""
    help_text = f"run tests of Gradio {' and '.join(ON_ASYNCIO_ALONE)} on trio too"
    parser.addoption("--all-pairs", action="store_true", help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    """Show progress while an environment is made, although pytest captures the output of tests.

    The processes of a run share the launchers of apps. Commands that tests start and signal must
    not inherit from `nohup`, or from a shell's background job, that the signals are ignored.
    """
    os.environ["SPACECALL_LAUNCHERS"] = str(servers.launchers_folder())
    for number, handler in (
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGINT, signal.default_int_handler),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    write_captured = _environments.write_line

    def write_line(line: str) -> None:
        with capture.global_and_fixture_disabled():
            write_captured(line)

    _environments.write_line = write_line


@pytest.hookimpl(trylast=True)  # after -k and -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out pairs of a backend and a release, and put the longest files first."""
    if not config.getoption("--all-pairs"):
        _leave_out_pairs(config, items)
    if hasattr(config, "workerinput"):
        _put_longest_files_first(items)


def _leave_out_pairs(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out `ON_ASYNCIO_ALONE` on trio, where the same test runs on Gradio 6."""
    names = {item.nodeid for item in items}
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        on_newest = _OTHER_RELEASE.sub(servers.GRADIO_6, item.nodeid)
        is_pair = re.search(r"\btrio\b", item.name) and on_newest != item.nodeid
        (left_out if is_pair and on_newest in names else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def _put_longest_files_first(items: list[pytest.Item]) -> None:
    """Order files so that the processes of pytest-xdist begin no long file last.

    This is for ``--dist loadfile --no-loadscope-reorder``: xdist's own order knows only the number
    of tests in a file.
    """
    sizes = Counter(item.path for item in items)
    ranks = {ROOT / "tests" / name: rank for rank, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: (ranks.get(item.path, len(ranks)), -sizes[item.path]))


def pytest_collection_finish() -> None:
    """Leave the collected tests out of collections of garbage, which take a quarter second then."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Undo `pytest_collection_finish`: Hypothesis looks for what refers to its random numbers."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Make the environments that a test requires; leave it out if a program is missing."""
    for marker in item.iter_markers("requires"):
        for name in marker.args:
            if name.startswith("gradio-"):
                _environments.gradio(name.removeprefix("gradio-"))
            elif name == "ray":
                _environments.ray()
            elif reason := _programs.explain_missing(name):
                if _programs.is_ci():
                    pytest.fail(reason, pytrace=False)
                pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Close with the number of tests that were left out, and why."""
    reasons = Counter[str]()
    for report in terminalreporter.stats.get("skipped", []):
        match report.longrepr:
            case (_, _, str(reason)):
                reasons[reason.removeprefix("Skipped: ")] += 1
            case _:
                pass
    for reason, count in sorted(reasons.items()):
        noun = "test" if count == 1 else "tests"
        terminalreporter.write_line(f"left out: {count:,} {noun} ({reason})")


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Async tests run on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def app_server() -> Iterator[ServerPool]:
    """`app_server(app, version, env=…)`: a server that all tests share, started when asked for.

    A test that harms its server starts its own with `servers.serve`.
    """
    running: dict[tuple[str, str, frozenset[tuple[str, str]]], AppServer] = {}

    def get(app: str, version: str, *, env: Mapping[str, str] | None = None) -> AppServer:
        key = (app, version, frozenset((env or {}).items()))
        if key not in running:
            running[key] = servers.start(app, version, env=env)
        return running[key]

    try:
        yield get
    finally:
        for server in running.values():
            server.stop()


@pytest.fixture(scope="session")
def protocol_app_6(app_server: ServerPool) -> AppServer:
    """The protocol app on Gradio 6.31.0."""
    return app_server("protocol_app.py", servers.GRADIO_6)


@pytest.fixture(scope="session")
def protocol_app_5(app_server: ServerPool) -> AppServer:
    """The protocol app on Gradio 5.50.0."""
    return app_server("protocol_app.py", servers.GRADIO_5)


@pytest.fixture(
    scope="session",
    params=[servers.GRADIO_6, servers.GRADIO_5],
    ids=["gradio-6.31.0", "gradio-5.50.0"],
)
def protocol_app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """The protocol app on each Gradio in turn: the same tests run on both."""
    return app_server("protocol_app.py", request.param)


@pytest.fixture(scope="session")
def phi4_app(app_server: ServerPool) -> AppServer:
    """The replica of the Phi-4 multimodal Space, on Gradio 5.50.0."""
    return app_server(str(servers.REPLICA), servers.GRADIO_5)


@pytest.fixture(scope="session")
def qvq_app(app_server: ServerPool) -> AppServer:
    """The replica of the QVQ preview Space, on Gradio 5.50.0."""
    return app_server("qvq_replica.py", servers.GRADIO_5)
