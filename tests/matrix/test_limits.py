"""What an app refuses, and what a release cannot do: typed errors, never a hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from spacecall import (
    Auth,
    AuthError,
    Call,
    InvalidInputError,
    NotFoundError,
    Queued,
    QueueFullError,
    Space,
    Started,
)
from spacecall.codegen._schemas.app_documents import fetch_app
from tests.client.tools import logged, unique
from tests.conftest import ServerPool
from tests.matrix.conftest import KEPT_IN_THE_QUEUE, PATIENT, PROTOCOLS, TABLE, given
from tests.servers import AppServer


@pytest.fixture(scope="session")
def small_app(release: str, app_server: ServerPool) -> AppServer:
    """The same app behind a login, with a queue that one job may wait in."""
    return app_server("protocol_app.py", release, env={"AUTH": "ann:secret", "MAXQ": "1"})


def number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


async def test_a_login(small_app: AppServer) -> None:
    with pytest.raises(AuthError, match="requires a login"):
        async with Space(small_app.url):
            pass
    with pytest.raises(AuthError, match="wrong username or password"):
        async with Space(small_app.url, auth=Auth(username="ann", password="wrong")):
            pass
    auth = Auth(username="ann", password="secret")
    async with Space(small_app.url, auth=auth, timeouts=PATIENT) as space:
        assert await given(space, "/echo", "hi") == "hi"
        file = await given(space, "/make_file", "text")
        assert await file.read() == b"text"


async def test_a_full_queue(small_app: AppServer) -> None:
    auth = Auth(username="ann", password="secret")
    async with (
        Space(small_app.url, auth=auth, timeouts=PATIENT) as space,
        given(space, "/slow_async", 1.5) as running,
    ):
        async for event in running:
            if isinstance(event, Started):
                break
        async with given(space, "/slow_async", 0.1) as waiting:
            async for event in waiting:
                if isinstance(event, Queued):
                    break
            with pytest.raises(QueueFullError):
                await given(space, "/slow_async", 0.1)
            assert await waiting.result() == "slept 0.1"


async def test_the_simple_call_api(
    app: AppServer, release: str, refused: Callable[[], None]
) -> None:
    """From 4.21 on."""
    async with Space(app.url, timeouts=PATIENT) as space:
        call = given(space, "/stream_text", "a", 2).with_options(call_api=True)
        if number(release) >= (4, 21):
            assert await call == "a0 a1 "
        else:
            with pytest.raises(NotFoundError, match="has no simple call API"):
                await call
            refused()


async def test_defaults(app: AppServer, release: str, refused: Callable[[], None]) -> None:
    """From 4.44 on /info tells them."""
    async with Space(app.url, timeouts=PATIENT) as space:
        if number(release) >= (4, 44):
            assert await given(space, "/add", 1) == 11
        else:
            with pytest.raises(InvalidInputError, match="is missing"):
                await given(space, "/add", 1)
            refused()


async def test_arguments_that_do_not_fit(app: AppServer) -> None:
    """Refused before anything is sent: before Gradio 5 a server takes what is no choice."""
    async with Space(app.url, timeouts=PATIENT) as space:
        with pytest.raises(InvalidInputError) as invalid:
            await given(space, "/widgets", "w", ["x"], "one", [], "six", True, TABLE, {})
        assert invalid.value.status is None
        assert invalid.value.problems == (
            "dd: 'w' is not one of 'x', 'y', 'z'",
            "slider: expected a number, got str 'six'",
        )


async def test_validators(app: AppServer) -> None:
    """From 5.50 on."""
    async with Space(app.url, timeouts=PATIENT) as space:
        assert await given(space, "/validated", "good") == "good"
        with pytest.raises(InvalidInputError, match="must not be bad") as invalid:
            await given(space, "/validated", "bad")
        assert invalid.value.status == 422


async def test_functions_without_a_name(
    app: AppServer, release: str, refused: Callable[[], None]
) -> None:
    """From 4.0 on Gradio names them; on 3.50 they have numbers alone, which may not stay theirs."""
    async with Space(app.url, timeouts=PATIENT) as space:
        with pytest.raises(NotFoundError, match="no endpoint /private"):
            await space.call("/private")
        if number(release) >= (4, 0):
            assert await given(space, "/lambda", "x") == "l1 x"
            assert await given(space, "/lambda_1", "x") == "l2 x"
        else:
            info = (await fetch_app(app.url)).info
            assert "27" in info["unnamed_endpoints"]
            for name in ("/lambda", "/27"):
                with pytest.raises(NotFoundError, match=f"no endpoint {name}"):
                    await space.call(name)
            refused()


async def test_cancelling_before_and_while_it_runs(app: AppServer, release: str) -> None:
    """By the end of the task that waits for it.

    Before 4.34 only generators end. What waits in the queue of `sse_v2` runs when its turn comes.
    """
    running, waiting, stream = unique(4), unique(1), unique(20)
    async with Space(app.url, timeouts=PATIENT) as space:
        async with anyio.create_task_group() as group:
            group.start_soon(ended, given(space, "/slow_async", running))
            await logged(app, f"slow_async start {running}")
            with anyio.move_on_after(0.5) as scope:
                await given(space, "/slow_async", waiting)
            assert scope.cancelled_caught
            group.cancel_scope.cancel()
        async with anyio.create_task_group() as group:
            group.start_soon(ended, given(space, "/slow_stream", stream))
            await logged(app, f"slow_stream step 0 of {stream}")
            group.cancel_scope.cancel()
        assert await given(space, "/slow_async", 0.1) == "slept 0.1"
        assert (await given(space, "/slow_stream", 0.4)).startswith("step")
    log = app.log()
    assert (f"slow_async finished {running}" in log) == (release in PROTOCOLS)
    assert (f"slow_async start {waiting}" in log) == (release in KEPT_IN_THE_QUEUE)
    assert f"slow_stream finished {stream}" not in log


async def ended(call: Call[Any]) -> None:
    await call
