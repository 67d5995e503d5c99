"""Apps that are started again with other functions, at every moment of what is exchanged."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import anyio
import httpx
import pytest

from spacecall import (
    AppRestartedError,
    Auth,
    AuthError,
    InvalidInputError,
    JobLostError,
    NotFoundError,
    Retry,
    Session,
    Space,
    SpaceError,
    TransportError,
)
from spacecall._io import connection_state, run_checks
from tests.faults.exchanges import Exchange
from tests.faults.restarting import RestartingStub, restarting
from tests.faults.stub import cut
from tests.faults.tools import PATIENT

DEADLINE = 60.0
AGAIN = Retry(attempts=4, wait_initial=0, jitter=0)
PASSWORD = Auth(username="u", password="p")


@asynccontextmanager
async def opened(
    app: RestartingStub, *, lent: bool = False, auth: Auth | None = None
) -> AsyncGenerator[Space, None]:
    """A Space on the app, with a client of its own or a lent one."""
    async with httpx.AsyncClient(verify=False) as client:
        http_client = client if lent else None
        space = Space(app.url, timeouts=PATIENT, retry=AGAIN, http_client=http_client, auth=auth)
        async with space:
            yield space


async def tolerate(call: Callable[[], Awaitable[Any]]) -> str:
    """What a call gives, or how it fails."""
    try:
        return str(await call())
    except SpaceError as error:
        return type(error).__name__


async def exchange_much(space: Space) -> list[str]:
    """Each kind of call, some beside each other; what became of them."""
    outcomes: list[str] = []

    async def call(name: str) -> None:
        outcomes.append(await tolerate(lambda: _awaited(space, name)))

    async def follow() -> str:
        async with space.call("/stream", text="stream") as job:
            values = [value async for value in job.outputs]
        return str(values[-1])

    async def talk() -> str:
        async with space.session() as session:
            await session.call("/chat", text="chat")
            return str(await session.call("/chat", text="chat"))

    for name in ("echo", "plain"):
        await call(name)
    outcomes.append(await tolerate(follow))
    outcomes.append(await tolerate(talk))
    async with anyio.create_task_group() as group:
        for name in ("echo", "plain", "stream"):
            group.start_soon(call, name)
    return outcomes


async def _awaited(space: Space, name: str) -> Any:
    return await space.call(f"/{name}", text=name)


EXPECTED = ["chat", "echo", "echo", "plain", "plain", "stream", "stream"]


async def count_moments(*, lent: bool) -> int:
    async with restarting() as app, opened(app, lent=lent) as space:
        await exchange_much(space)
        return app.moments


@pytest.mark.parametrize(
    ("lent", "seeded"),
    [(False, False), (True, False), (False, True)],
    ids=["own client", "lent client", "app of a seed"],
)
async def test_no_call_reaches_another_function_whenever_the_app_is_restarted(
    monkeypatch: pytest.MonkeyPatch, lent: bool, seeded: bool
) -> None:
    monkeypatch.setattr(run_checks, "CONFIG_SECONDS", 0.0)

    def seed(app: RestartingStub) -> None:
        app.seeded = seeded

    with anyio.fail_after(DEADLINE):
        moments = await count_moments(lent=lent)
    assert moments > 30
    for moment in range(1, moments + 1):
        with anyio.fail_after(DEADLINE):
            async with restarting(seed) as app:
                app.moment = moment
                async with aclosing(_whenever_open(app, lent=lent)) as spaces:
                    async for space in spaces:
                        await exchange_much(space)
                        for name in ("echo", "plain"):  # the first may be its moment
                            await tolerate(partial(_awaited, space, name))
                            assert await _awaited(space, name) == name, moment
        assert app.wrong == [], f"restarted at moment {moment}"


async def _whenever_open(app: RestartingStub, *, lent: bool) -> AsyncGenerator[Space, None]:
    try:
        async with opened(app, lent=lent) as space:
            yield space
    except SpaceError:
        assert app.moments < 10, "it was restarted while the Space was opened"


@asynccontextmanager
async def following(**options: Any) -> AsyncGenerator[tuple[RestartingStub, Space], None]:
    """An app and a Space on it, which has made a call of each kind."""
    with anyio.fail_after(DEADLINE):
        async with restarting() as app, opened(app, **options) as space:
            assert await _awaited(space, "echo") == "echo"
            yield app, space


def rename(app: RestartingStub, name: str, new_name: str) -> None:
    for dependency in app.config["dependencies"]:
        if dependency["api_name"] == name:
            dependency["api_name"] = new_name


async def test_calls_one_after_another_ask_for_the_app_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_state, "CHECK_SECONDS", DEADLINE)
    monkeypatch.setattr(connection_state, "IDLE_SECONDS", DEADLINE)
    async with following() as (app, space):
        before = len(app.asked("app_id"))
        for _ in range(20):
            assert await _awaited(space, "echo") == "echo"
        assert len(app.asked("app_id")) - before <= 1, "the stream may have had the connection"
        assert len(app.asked("config")) == 1


async def test_a_connection_that_was_idle_is_asked_before_the_join(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_state, "IDLE_SECONDS", 0.0)
    async with following() as (app, space):
        routes = [route for route, _ in app.requests]
        await _awaited(space, "echo")
        connections = [exchange.connection for _, exchange in app.requests[len(routes) :]]
        assert [route for route, _ in app.requests[len(routes) :]][:2] == ["app_id", "join"]
        assert connections[0] is connections[1]


async def test_a_join_never_meets_a_close_of_an_idle_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server closes each connection that was idle as soon as something comes over it."""
    monkeypatch.setattr(connection_state, "IDLE_SECONDS", 0.0)
    used: set[int] = set()

    async def close_when_used_again(exchange: Exchange) -> None:
        if id(exchange.connection) in used:
            used.discard(id(exchange.connection))
            await exchange.cut()
        used.add(id(exchange.connection))
        await exchange.answer(200, {"app_id": 1})

    async with following() as (app, space):
        app.always("app_id", close_when_used_again)
        for _ in range(10):
            assert await _awaited(space, "echo") == "echo"
        assert len(app.asked("join")) == 11


async def test_an_endpoint_that_is_gone_and_one_that_is_new() -> None:
    async with following() as (app, space):
        await app.restart()
        rename(app, "echo", "repeat")
        with pytest.raises(NotFoundError, match=r"the app was restarted .* no endpoint /echo"):
            await _awaited(space, "echo")
        assert await space.call("/plain", text="plain") == "plain"


async def test_a_call_that_fits_only_the_app_that_runs_now_is_made() -> None:
    async with following() as (app, space):
        await app.restart()
        rename(app, "plain", "other")
        assert await _awaited(space, "echo") == "echo"
        with pytest.raises(NotFoundError, match=r"the app was restarted .* no endpoint /plain"):
            await _awaited(space, "plain")
        await app.restart()
        assert await _awaited(space, "plain") == "plain"


async def test_arguments_that_fit_no_run_are_refused_and_nothing_is_sent() -> None:
    async with following() as (app, space):
        with pytest.raises(InvalidInputError, match=r"^(?!the app was restarted)"):
            await space.call("/echo", words="echo")
        assert len(app.asked("config")) == 1
        await app.restart()
        with pytest.raises(InvalidInputError, match="the app was restarted"):
            await space.call("/echo", words="echo")
        assert len(app.asked("config")) == 2
        assert len(app.asked("join")) == 1


@pytest.mark.parametrize("restarts", [True, False])
async def test_a_session_whose_stream_broke_says_whether_the_app_was_restarted(
    restarts: bool,
) -> None:
    async with following() as (app, space), space.session() as session:
        assert await turn(session) == "turn 1"
        app.always("data", cut)
        with pytest.raises(JobLostError):
            await session.call("/hold", text="x")
        app.recover()
        if restarts:
            await app.restart()
        with pytest.raises(JobLostError) as caught:
            await turn(session)
        assert isinstance(caught.value, AppRestartedError) is restarts


async def test_a_session_of_the_old_app_ends_and_a_new_one_begins() -> None:
    async with following() as (app, space), space.session() as session:
        assert await turn(session) == "turn 1"
        await app.restart()
        for _ in range(2):
            with pytest.raises(AppRestartedError, match="State is gone") as caught:
                await turn(session)
            assert caught.value.safe_to_retry
        joins = len(app.asked("join"))
        async with space.session() as another:
            assert await turn(another) == "turn 1"
        assert len(app.asked("join")) == joins + 1


async def turn(session: Session) -> str:
    return str(await session.call("/chat", text="chat"))


async def test_a_ticket_of_the_old_app_is_refused() -> None:
    async with following() as (app, space):
        ticket = await space.call("/echo", text="echo").detach()
        await app.restart()
        with pytest.raises(AppRestartedError, match="the job is lost"):
            await space.collect(ticket)
        ticket = await space.call("/echo", text="echo").detach()
        assert await space.collect(ticket) == "echo"


async def test_files_are_uploaded_again() -> None:
    async with following() as (app, space):

        async def restart_after(exchange: Exchange) -> None:
            await app.behave("upload", exchange)
            await app.restart()

        app.once("upload", restart_after)
        await space.call("/file", file=b"x")
        assert len(app.asked("upload")) == 2


@pytest.mark.parametrize("lent", [False, True], ids=["own client", "lent client"])
async def test_behind_a_proxy_a_restart_is_noticed_when_the_check_is_old(
    monkeypatch: pytest.MonkeyPatch, lent: bool
) -> None:
    async with following(lent=lent) as (app, space):
        app.proxied = True
        monkeypatch.setattr(connection_state, "CHECK_SECONDS", 0.0)
        for _ in range(5):
            await app.restart()
            for name in ("echo", "plain", "echo"):
                assert await _awaited(space, name) == name
        assert app.wrong == []


@pytest.mark.parametrize("lent", [False, True], ids=["own client", "lent client"])
async def test_a_login_that_the_app_forgot_is_done_again_once(lent: bool) -> None:
    def lock(app: RestartingStub) -> None:
        app.login = "x"

    with anyio.fail_after(DEADLINE):
        async with restarting(lock) as app, opened(app, lent=lent, auth=PASSWORD) as space:
            assert await _awaited(space, "echo") == "echo"
            assert len(app.asked("login")) == 1
            for logins in (2, 3):
                await app.restart()
                async with anyio.create_task_group() as group:
                    for name in ("echo", "plain", "stream") * 4:
                        group.start_soon(_awaited, space, name)
                assert len(app.asked("login")) == logins
            assert app.wrong == []


async def test_a_login_that_ended_while_the_app_runs_on_is_renewed_for_every_request() -> None:
    def lock(app: RestartingStub) -> None:
        app.login = "x"

    with anyio.fail_after(DEADLINE):
        async with restarting(lock) as app, opened(app, auth=PASSWORD) as space:
            app.login_cookie = "access-token-x=anew; Path=/"
            app.valid_login = "anew"
            for name in ("echo", "plain", "stream"):
                assert await _awaited(space, name) == name
            assert len(app.asked("login")) == 2


async def test_a_password_that_is_refused_is_tried_once_for_each_run() -> None:
    def lock(app: RestartingStub) -> None:
        app.login = "x"

    with anyio.fail_after(DEADLINE):
        async with restarting(lock) as app, opened(app, auth=PASSWORD) as space:
            app.login_cookie = None
            app.valid_login = "another"
            for _ in range(3):
                with pytest.raises(AuthError):
                    await _awaited(space, "echo")
            assert len(app.asked("login")) == 2
            assert len(app.asked("config")) <= 2


async def test_a_session_without_a_call_yet_goes_to_the_app_that_runs_now() -> None:
    async with following() as (app, space), space.session() as session:
        await app.restart()
        assert [await turn(session), await turn(session)] == ["turn 1", "turn 2"]


def seed(app: RestartingStub) -> None:
    app.seeded = True


@pytest.mark.parametrize("lent", [False, True], ids=["own client", "lent client"])
@pytest.mark.parametrize("proxied", [False, True], ids=["directly", "proxied"])
async def test_a_run_with_the_same_id_is_told_by_its_functions(
    monkeypatch: pytest.MonkeyPatch, lent: bool, proxied: bool
) -> None:
    if lent or proxied:  # else a connection that breaks tells of the restart
        monkeypatch.setattr(run_checks, "CONFIG_SECONDS", 0.0)
        monkeypatch.setattr(connection_state, "CHECK_SECONDS", 0.0)
    with anyio.fail_after(DEADLINE):
        async with restarting(seed) as app, opened(app, lent=lent) as space:
            assert await _awaited(space, "echo") == "echo"
            for _ in range(3):
                await anyio.wait_all_tasks_blocked()  # the connections are free again
                await app.restart()
                if proxied and not lent:
                    await app.disconnect()
                for name in ("plain", "echo", "stream"):
                    assert await _awaited(space, name) == name
            assert app.wrong == []


async def test_a_session_of_a_run_with_the_same_id_ends() -> None:
    with anyio.fail_after(DEADLINE):
        async with restarting(seed) as app, opened(app) as space, space.session() as session:
            assert await turn(session) == "turn 1"
            await anyio.wait_all_tasks_blocked()
            await app.restart()
            with pytest.raises(AppRestartedError, match="State is gone"):
                await turn(session)


async def test_a_call_that_fits_only_the_run_of_now_with_the_same_id_is_made() -> None:
    with anyio.fail_after(DEADLINE):
        async with restarting(seed) as app, opened(app) as space:
            await anyio.wait_all_tasks_blocked()
            await app.restart()
            rename(app, "plain", "new")
            assert await space.call_raw("/new", ["plain"]) == "plain"


@pytest.mark.parametrize("lent", [False, True], ids=["own client", "lent client"])
async def test_connections_that_are_opened_at_once_look_at_the_config_once(lent: bool) -> None:
    async with following(lent=lent) as (app, space):
        for _ in range(3):
            await app.disconnect()
            before = len(app.asked("config"))
            async with anyio.create_task_group() as group:
                for name in ("echo", "plain", "stream") * 5:
                    group.start_soon(_awaited, space, name)
            assert len(app.asked("config")) - before <= 1


async def test_a_config_that_is_refused_or_hidden_does_not_stop_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_checks, "CONFIG_SECONDS", 0.0)
    async with following() as (app, space):
        for status in (401, 403, 404, 200):
            await app.disconnect()
            refusal = partial(Exchange.answer, status=status, content={"detail": "no"})
            app.always("config", refusal)
            assert await _awaited(space, "echo") == "echo"


@pytest.mark.parametrize("lent", [False, True], ids=["own client", "lent client"])
@pytest.mark.parametrize("prefix", ["/gradio_api", ""])
async def test_a_run_with_another_prefix_and_a_login_is_followed(lent: bool, prefix: str) -> None:
    def lock(app: RestartingStub) -> None:
        app.login = "x"
        app.prefix = prefix

    with anyio.fail_after(DEADLINE):
        async with restarting(lock) as app, opened(app, lent=lent, auth=PASSWORD) as space:
            assert await _awaited(space, "echo") == "echo"
            for new_prefix in ("" if prefix else "/gradio_api", prefix):
                app.prefix = new_prefix
                await app.restart()
                for name in ("echo", "plain", "stream"):
                    assert await _awaited(space, name) == name
            assert app.wrong == []
            assert len(app.asked("login")) == 3


async def test_a_number_is_of_the_app_that_was_opened() -> None:
    async with following() as (app, space):
        number = app.numbers[0]
        nameless = app.numbers[3]
        assert await space.call_raw(number, ["echo"]) == "echo"
        for _ in range(2):
            await app.restart()
            assert await space.call_raw(number, ["echo"]) == "echo"
        assert await space.call_raw(nameless, ["plain"]) == "plain"
        assert app.wrong == []


def hide_names(app: RestartingStub) -> None:
    for dependency in app.config["dependencies"]:
        dependency["api_name"] = False


async def test_a_function_without_a_name_is_not_called_by_an_old_number() -> None:
    with anyio.fail_after(DEADLINE):
        async with restarting(hide) as app, Space(app.url, describe=False) as space:
            number = app.numbers[0]
            assert await space.call_raw(number, ["echo"]) == "echo"
            with pytest.raises(InvalidInputError, match="without a name cannot be detached"):
                await space.call_raw(number, ["echo"]).detach()
            assert len(app.asked("join")) == 1
            await app.restart()
            for _ in range(2):
                with pytest.raises(NotFoundError, match=r"the app was restarted .* has no name"):
                    await space.call_raw(number, ["echo"])
            assert len(app.asked("join")) == 1


def hide(app: RestartingStub) -> None:
    begin = app._begin

    def begin_without_names() -> None:
        begin()
        hide_names(app)

    app._begin = begin_without_names  # type: ignore[method-assign]


async def test_an_endpoint_that_is_gone_is_explained_in_every_call() -> None:
    async with following() as (app, space):
        await app.restart()
        rename(app, "echo", "repeat")
        for _ in range(2):
            with pytest.raises(NotFoundError, match="the app was restarted"):
                await _awaited(space, "echo")


async def test_an_upload_that_breaks_has_sent_no_job() -> None:
    async with following() as (app, space):
        app.always("upload", Exchange.cut)
        with pytest.raises(TransportError) as caught:
            await space.call("/file", file=b"x")
        assert not caught.value.sent
