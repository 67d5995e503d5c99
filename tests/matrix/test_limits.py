"""What an app refuses, and what a release cannot do: typed errors, never a hang."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from spacecall import (
    AppError,
    Auth,
    AuthError,
    InvalidInputError,
    NotFoundError,
    Queued,
    QueueFullError,
    Space,
    Started,
)
from tests.conftest import ServerPool
from tests.matrix.conftest import PATIENT, given
from tests.servers import AppServer


@pytest.fixture(scope="session")
def small_app(release: str, app_server: ServerPool) -> AppServer:
    """The same app behind a login, with a queue that one job may wait in."""
    return app_server("protocol_app.py", release, env={"AUTH": "ann:secret", "MAXQ": "1"})


def number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


async def test_a_login(small_app: AppServer) -> None:
    with pytest.raises(AuthError, match="asks for a login"):
        async with Space(small_app.url):
            pass
    with pytest.raises(AuthError, match="wrong username or password"):
        async with Space(small_app.url, auth=Auth(username="ann", password="wrong")):
            pass
    auth = Auth(username="ann", password="secret")
    async with Space(small_app.url, auth=auth, timeouts=PATIENT) as space:
        assert await given(space, "/echo", "hi") == "hi"
        made = await given(space, "/make_file", "text")
        assert await made.read() == b"text"


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
        call = given(space, "/stream_text", "a", 2).with_options(simple=True)
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
            assert isinstance(await given(space, "/add", 1), (int, float))
        else:
            with pytest.raises(InvalidInputError, match="is missing"):
                await given(space, "/add", 1)
            refused()


async def test_validators(app: AppServer, release: str, refused: Callable[[], None]) -> None:
    """From 5.50 on."""
    async with Space(app.url, timeouts=PATIENT) as space:
        if number(release) >= (5, 50):
            with pytest.raises(InvalidInputError) as invalid:
                await given(space, "/validated", "bad")
            assert invalid.value.problems
        else:
            with pytest.raises(NotFoundError, match="no endpoint /validated"):
                await space.call("/validated")
            refused()


async def test_functions_without_a_name(app: AppServer) -> None:
    async with Space(app.url, timeouts=PATIENT) as space:
        with pytest.raises(NotFoundError, match="no endpoint /private"):
            await space.call("/private")


async def test_cancelling_before_and_while_it_runs(app: AppServer) -> None:
    async with Space(app.url, timeouts=PATIENT) as space:
        for endpoint in ("/slow_stream", "/slow_async"):
            with anyio.move_on_after(0.5) as scope:
                await given(space, endpoint, 3)
            assert scope.cancelled_caught
        assert await given(space, "/echo", "hi") == "hi"
        with pytest.raises(AppError):
            await given(space, "/fail", "x")
