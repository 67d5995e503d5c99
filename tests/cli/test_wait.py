"""`spacecall wait`, on a stand-in for the Hub that runs in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from tests.cli.conftest import Cli
from tests.hub.fake_hub import NAME, TOKEN, FakeHub, runtime, serve_fake_hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve_fake_hub()) as hub,
    ):
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_the_stages_of_a_space_that_wakes_go_to_stderr(cli: Cli, hub: FakeHub) -> None:
    hub.goes("SLEEPING", "RUNNING")
    done = cli("wait", NAME)
    assert (done.code, done.out, done.err) == (0, "", "SLEEPING\nRUNNING\n")
    assert cli("wait", NAME, "--quiet").err == ""


def test_one_that_will_not_run_by_itself_is_an_error(cli: Cli, hub: FakeHub) -> None:
    hub.goes(runtime("PAUSED"))
    done = cli("wait", NAME, "-q")
    assert done.code == 3
    assert done.err.startswith(f"spacecall: {NAME} is PAUSED: only its owner can restart it")


def test_a_timeout_says_how_far_the_space_is(cli: Cli, hub: FakeHub) -> None:
    hub.goes("BUILDING")
    done = cli("wait", NAME, "-q", "--timeout", "0.2")
    assert (done.code, done.err) == (5, f"spacecall: {NAME} is still BUILDING after 0.2 s\n")
    assert cli("wait", NAME, "--timeout", "0").code == 2


def test_a_token_is_shown_to_the_hub(cli: Cli, hub: FakeHub) -> None:
    hub.private = True
    assert cli("wait", NAME, "-q").code == 4
    assert cli("wait", NAME, "-q", "--token", TOKEN).code == 0
