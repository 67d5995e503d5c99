"""What goes wrong in one call, by the app's doing or the caller's, is that call's alone."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import anyio
import anyio.lowlevel
import httpx
import pytest

from spacecall import Job, JobError, ProtocolError, Space, SpaceError, SyncSpace
from spacecall import Session as SpaceSession
from spacecall._client.exchanges.service_call import (
    ProgressSink,
    ServiceRunner,
    open_service_runner,
)
from spacecall._core.redaction import Redactor
from spacecall._io.request_settings import Settings
from spacecall.errors import DeadlineError, JobCancelledError
from spacecall.hub import Hub, Stage
from tests.hostile.server import (
    PREFIX,
    SSE_HEAD,
    HostileServer,
    Request,
    Route,
    completed,
    event,
    http,
)

JOIN: Final = f"{PREFIX}/queue/join"
DATA: Final = f"{PREFIX}/queue/data"

pytestmark = pytest.mark.timeout(60)


class CallerError(Exception):
    """Something that only the code of a caller raises."""

    def __str__(self) -> str:
        raise RuntimeError("an error without words")


class Session:
    """A server whose stream waits until several jobs have joined, then sends what a test says.

    A job's event id is its argument.
    """

    def __init__(self, jobs: int, messages: Callable[[], Iterator[bytes]]) -> None:
        self._messages = messages
        self._joins = threading.Semaphore(0)
        self._jobs = jobs

    def serve(self) -> HostileServer:
        return HostileServer(routes={JOIN: self._join, DATA: self._stream})

    def _join(self, request: Request, _socket: socket.socket) -> bytes:
        self._joins.release()
        return http({"event_id": request.json()["data"][0]})

    def _stream(self, _request: Request, connection: socket.socket) -> None:
        connection.sendall(SSE_HEAD)
        for _ in range(self._jobs):
            assert self._joins.acquire(timeout=30)
        for message in self._messages():
            connection.sendall(message)


ODD: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "a charref of 5,000 digits": lambda job: {
        "msg": "log", "event_id": job, "log": f"&#{'1' * 5000};", "level": "info",
    },
    "a log without a text": lambda job: {"msg": "log", "event_id": job},
    "a place that is a text": lambda job: {"msg": "estimation", "event_id": job, "rank": "x"},
    "edits of nothing": lambda job: {
        "msg": "process_generating",
        "event_id": job,
        "output": {"data": [[["append", ["nowhere"], 1]]]},
    },
    "an output that is a list": lambda job: {
        "msg": "process_completed", "event_id": job, "output": [1], "success": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_an_odd_message_of_one_job_ends_no_neighbour(
    odd: Callable[[str], dict[str, Any]],
) -> None:
    def messages() -> Iterator[bytes]:
        for job in ("odd", "even"):
            yield event({"msg": "process_starts", "event_id": job})
        yield event({"msg": "process_generating", "event_id": "odd", "output": {"data": ["a"]}})
        yield event(odd("odd"))
        yield from (completed(job, ["fine"]) for job in ("odd", "even"))
        yield event({"msg": "close_stream"})

    errors: list[Exception] = []

    async def follow(job: Job[Any]) -> None:
        try:
            async for _ in job:
                pass
        except SpaceError as error:
            errors.append(error)

    with Session(2, messages).serve() as server:
        async with (
            Space(server.url) as space,
            space.session() as session,
            session.call("/predict", x="odd") as job,
            anyio.create_task_group() as group,
        ):
            group.start_soon(follow, job)
            assert await session.call("/predict", x="even") == "fine"
    assert all(type(error) is ProtocolError for error in errors)


UNREADABLE: Final = {
    "a number of 5,000 digits": ("9" * 5000, "a number of more than 4300 digits"),
    "deep nesting": ("[" * 990 + "]" * 990, "nested too deeply"),
    "very deep nesting": ("[" * 200_000 + "]" * 200_000, "nested too deeply"),
    "a control character": ('"a\x01b"', "not JSON"),
}


@pytest.mark.parametrize("msg", ["log", "process_completed"])
@pytest.mark.parametrize(("value", "reason"), UNREADABLE.values(), ids=UNREADABLE)
async def test_a_message_of_one_job_that_cannot_be_read_ends_no_neighbour(
    value: str, reason: str, msg: str
) -> None:
    def messages() -> Iterator[bytes]:
        yield event({"msg": "process_starts", "event_id": "even"})
        head = json.dumps({"msg": msg, "event_id": "odd"})[:-1]
        yield f'data: {head}, "output": {value}}}\n\n'.encode()
        yield from (completed(job, ["fine"]) for job in ("odd", "even"))
        yield event({"msg": "close_stream"})

    errors: list[SpaceError] = []

    async def call(session: SpaceSession, argument: str) -> None:
        try:
            assert await session.call("/predict", x=argument) == "fine"
        except SpaceError as error:
            errors.append(error)

    with Session(2, messages).serve() as server:
        async with (
            Space(server.url) as space,
            space.session() as session,
            anyio.create_task_group() as group,
        ):
            group.start_soon(call, session, "odd")
            group.start_soon(call, session, "even")
    (error,) = errors
    assert type(error) is ProtocolError
    assert (error.event_id, reason in str(error)) == ("odd", True)


async def test_two_jobs_with_one_event_id_both_end_with_a_typed_error() -> None:
    def stream(_request: Request, connection: socket.socket) -> None:
        connection.sendall(SSE_HEAD)
        connection.recv(1)

    def join(_request: Request, _socket: socket.socket) -> bytes:
        return http({"event_id": "same"})

    routes: dict[str, Route] = {JOIN: join, DATA: stream}
    errors: list[Exception] = []
    with HostileServer(routes=routes) as server:
        async with Space(server.url) as space, space.session() as session:

            async def call() -> None:
                try:
                    await session.call("/predict", x="x")
                except SpaceError as error:
                    errors.append(error)

            async with anyio.create_task_group() as group:
                group.start_soon(call)
                group.start_soon(call)
    assert [type(error) for error in errors] == [ProtocolError, ProtocolError]


def raises(error: BaseException) -> Callable[..., Any]:
    def function(*_: object) -> Any:
        raise error

    return function


class TreacherousDict(dict[str, Any]):
    items = values = keys = __iter__ = raises(CallerError())


class Unequal:
    __eq__ = raises(CallerError())
    __hash__ = None  # type: ignore[assignment]
    __repr__ = raises(CallerError())


def circle() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    return values


class BadFile:
    """A binary file object that raises when it is read."""

    read = raises(CallerError())


BAD_VALUES: Final[dict[str, Any]] = {
    "a set": {1},
    "a circle": circle(),
    "half a surrogate pair": "\ud83d",
    "a dict that raises": TreacherousDict(a=1),
    "an object without a repr": Unequal(),
    "a number of 5,000 digits": 10**5000,
    "nan": float("nan"),
    "a file that raises": BadFile(),
}


@pytest.mark.parametrize("simple", [False, True], ids=["queue", "call API"])
@pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES)
async def test_an_argument_that_cannot_be_sent_ends_its_call_alone(
    value: Any, simple: bool
) -> None:
    server = HostileServer()
    server.info["named_endpoints"]["/predict"]["parameters"][0]["type"] = {}
    with server:
        async with Space(server.url) as space:
            with pytest.raises((SpaceError, CallerError, RuntimeError)) as caught:
                await space.call("/predict", x=value).with_options(call_api=simple)
            assert not isinstance(caught.value, JobError), "nothing was sent, nothing was lost"
            assert await space.call("/predict", x="fine") == "ok"
    assert server.paths().count(JOIN) == 1


@pytest.mark.parametrize("error", [CallerError(), ValueError("x"), StopAsyncIteration()])
async def test_what_a_map_raises_reaches_its_caller_alone(error: Exception) -> None:
    expected = RuntimeError if isinstance(error, StopAsyncIteration) else type(error)
    with HostileServer() as server:
        async with Space(server.url) as space:
            with pytest.raises(expected):
                await space.call("/predict", x="x").map(raises(error))
            async with space.call("/predict", x="x").map(raises(error)) as job:
                with pytest.raises(expected):
                    _ = [event async for event in job]
            async with space.call("/predict", x="x").map(raises(error)) as job:
                with pytest.raises(expected):
                    _ = [value async for value in job.outputs]
            assert await space.call("/predict", x="x") == "ok"


def test_what_a_map_raises_reaches_a_sync_caller_alone() -> None:
    with HostileServer() as server, SyncSpace(server.url) as space:
        call = space.call("/predict", x="x").map(raises(CallerError()))
        with pytest.raises(CallerError):
            call.result()
        assert space.call("/predict", x="x").result() == "ok"


class Incomparable(list[Any]):
    """As an array: it cannot say whether it is equal to another."""

    __eq__ = raises(ValueError("the truth of an array is ambiguous"))
    __hash__ = None


async def test_outputs_that_cannot_be_compared_are_all_given() -> None:
    def messages() -> Iterator[bytes]:
        yield event({"msg": "process_generating", "event_id": "x", "output": {"data": ["a"]}})
        yield completed("x", ["b"])
        yield event({"msg": "close_stream"})

    with Session(1, messages).serve() as server:
        async with (
            Space(server.url) as space,
            space.call("/predict", x="x").map(Incomparable) as job,
        ):
            values = [list(value) async for value in job.outputs]
    assert values == [["a"], ["b"]]


class TreacherousTransport(httpx.AsyncHTTPTransport):
    """A transport of the caller's that raises for some paths."""

    def __init__(self, path: str, error: BaseException) -> None:
        super().__init__()
        self.path = path
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self.path:
            await anyio.lowlevel.checkpoint()
            raise self._error
        return await super().handle_async_request(request)


@pytest.mark.parametrize("path", [JOIN, DATA, f"{PREFIX}/cancel"])
@pytest.mark.parametrize("error", [CallerError(), KeyError("x")], ids=["unspeakable", "KeyError"])
async def test_what_a_client_of_the_caller_raises_ends_no_space(
    path: str, error: Exception
) -> None:
    await check_treacherous_client(path, error)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # only trio can raise trio.Cancelled
@pytest.mark.parametrize("path", [JOIN, DATA, f"{PREFIX}/cancel"])
async def test_a_stray_cancelled_error_ends_no_space(path: str) -> None:
    await check_treacherous_client(path, asyncio.CancelledError())


async def check_treacherous_client(path: str, error: BaseException) -> None:
    def stream(request: Request, connection: socket.socket) -> None:
        connection.sendall(SSE_HEAD)
        connection.sendall(event({"msg": "process_starts", "event_id": "event-3"}))
        if not released:
            connection.recv(1)
        server.stream(request, connection)

    released: list[bool] = []
    server = HostileServer(routes={DATA: stream})
    transport = TreacherousTransport(path, error)
    with server:
        async with (
            httpx.AsyncClient(transport=transport) as client,
            Space(server.url, http_client=client) as space,
        ):
            if path.endswith("cancel"):
                async with space.call("/predict", x="x") as job:
                    async for message in job:
                        assert message is not None
                        break
            else:
                with pytest.raises(JobError):
                    await space.call("/predict", x="x")
            released.append(True)
            transport.path = ""
            assert await space.call("/predict", x="x") == "ok"


async def serve(direct: ServiceRunner, error: BaseException) -> None:
    async def service(report: ProgressSink[str], _settings: Settings) -> str:
        report.output("begun")
        await anyio.lowlevel.checkpoint()
        raise error

    await direct.call("service", service)


@pytest.mark.parametrize(
    "error", [CallerError(), TypeError("x"), ExceptionGroup("several", [KeyError("x")])]
)
async def test_what_a_service_raises_ends_its_call_alone(error: Exception) -> None:
    started, go_on = anyio.Event(), anyio.Event()

    async def patient(_report: ProgressSink[str], _settings: Settings) -> str:
        started.set()
        await go_on.wait()
        return "fine"

    async with (
        open_service_runner("", Settings(), lambda _: Redactor()) as direct,
        direct.call("patient", patient) as job,
    ):
        await started.wait()
        with pytest.raises(type(error)) as caught:
            await serve(direct, error)
        assert caught.value is error
        go_on.set()
        assert await job.result() == "fine"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_stray_cancelled_error_of_a_service_is_a_cancelled_job() -> None:
    async with open_service_runner("", Settings(), lambda _: Redactor()) as direct:
        with pytest.raises(JobCancelledError):
            await serve(direct, asyncio.CancelledError())


class Interruption(BaseException):
    """As a KeyboardInterrupt: it ends everything."""


async def test_an_interrupt_in_a_service_is_not_caught() -> None:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - alone or in a group
        async with open_service_runner("", Settings(), lambda _: Redactor()) as direct:
            await serve(direct, Interruption())
    assert any(isinstance(leaf, Interruption) for leaf in leaves(caught.value))


def leaves(error: BaseException) -> list[BaseException]:
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return [leaf for member in inner for leaf in leaves(member)] or [error]


@pytest.mark.parametrize("error", [CallerError(), DeadlineError("of the caller")])
async def test_what_on_stage_raises_is_raised_at_once(error: Exception) -> None:
    runtime = http({"stage": "BUILDING"})
    looks: list[Stage] = []

    def on_stage(stage: Stage) -> None:
        looks.append(stage)
        raise error

    server = HostileServer(routes={"/api/spaces/owner/name/runtime": lambda _r, _s: runtime})
    with server:
        async with Hub(endpoint=server.url, token="") as hub:
            with pytest.raises(type(error)) as caught:
                await hub.wait_until_ready("owner/name", on_stage=on_stage)
            assert caught.value is error
    assert len(looks) == 1
