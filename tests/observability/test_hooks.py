"""Hooks: when each is called, with what, in which context, and what their failures do."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from spacecall import (
    Auth,
    DeadlineError,
    Hooks,
    InvalidInputError,
    JobCancelledError,
    NotFoundError,
    Retry,
    Space,
    SpaceError,
    SyncSpace,
    Timeouts,
)
from spacecall.hooks import RetryDetails
from spacecall.hub import Hub
from tests.faults.stub import Stub, cut, stub
from tests.faults.tools import PATIENT, until_quiet
from tests.hub.fake_hub import TOKEN, serve_fake_hub
from tests.inference import stand_in
from tests.inference.stand_in import CHAT, saying, standing_in
from tests.observability.tools import Recorder

RETRY = Retry(attempts=2, wait_initial=0.01, jitter=0)
SPAN: ContextVar[str] = ContextVar("span", default="none")


def opened(app: Stub, hooks: Hooks, **options: Any) -> Space:
    """Return a Space on the stand-in."""
    return Space(app.url, retry=RETRY, timeouts=PATIENT, hooks=hooks, **options)


async def test_a_call_and_its_requests_are_reported_once_each() -> None:
    recorder = Recorder()
    async with stub() as app:
        async with opened(app, recorder.hooks()) as space:
            assert recorder.names() == ["on_request", "on_response"] * 2
            recorder.events.clear()
            async with space.call("/echo", text="a") as job:
                assert await job.result() == "a"
            await until_quiet()
        names = recorder.names()
        sent = len(app.requests) - 2
    assert (names[0], names.count("on_call_start"), names.count("on_call_end")) == (
        "on_call_start",
        1,
        1,
    )
    assert names.count("on_request") == names.count("on_response") == sent
    start, end = recorder.of("on_call_start", "on_call_end")
    assert (start.call_id, start.endpoint, start.event_id) == (job.call_id, "/echo", None)
    assert (end.call_id, end.event_id, end.error) == (job.call_id, "event1", None)
    assert end.seconds > 0
    responses = {details.url: details for details in recorder.of("on_response")}
    join = responses[f"{app.url}/gradio_api/queue/join"]
    assert (join.method, join.status, join.error) == ("POST", 200, None)
    assert (join.space, join.call_id) == (app.url, job.call_id)
    stream = responses[f"{app.url}/gradio_api/queue/data?session_hash=…"]
    assert (stream.call_id, stream.endpoint, stream.event_id) == (None, None, None)


async def test_a_retry_is_reported_with_its_reason() -> None:
    recorder = Recorder()
    async with stub() as app, opened(app, recorder.hooks()) as space:
        app.once("join", lambda exchange: exchange.answer(503, {}, {"retry-after": "0"}))
        assert await space.call("/echo", text="a") == "a"
        app.once("info", cut)
        space._context.connection._endpoints = None  # pyright: ignore
        await space.describe()
    join, info = recorder.of("on_retry")
    assert join.operation == "POST /gradio_api/queue/join"
    assert (join.attempt, join.max_attempts) == (1, 2)
    assert (join.wait, join.error.status) == (0.01, 503)
    assert join.call_id == recorder.of("on_call_start")[0].call_id
    assert (info.operation, info.call_id) == ("GET /gradio_api/info", None)
    failed = next(details for details in recorder.of("on_response") if details.error)
    assert (failed.status, failed.error) == (None, "RemoteProtocolError")


async def test_a_lost_job_that_is_submitted_again_is_a_retry_of_the_job() -> None:
    recorder = Recorder()
    again = Retry(attempts=1, resubmit_lost=2)
    async with stub() as app:
        space = Space(app.url, retry=again, timeouts=PATIENT, hooks=recorder.hooks())
        async with space:
            app.once("data", cut, cut)
            assert await space.call("/echo", text="a") == "a"
    details = recorder.of("on_retry")
    assert [(retry.operation, retry.attempt, retry.max_attempts) for retry in details] == [
        ("job", 1, 3),
        ("job", 2, 3),
    ]
    assert [retry.event_id for retry in details] == ["event1", "event2"]
    assert recorder.of("on_call_end")[0].event_id == "event3"


@pytest.mark.parametrize("how", ["refused", "unknown", "left", "cancelled", "detached"])
async def test_each_call_that_starts_ends_once(how: str) -> None:
    recorder = Recorder()
    async with stub() as app, opened(app, recorder.hooks()) as space:
        match how:
            case "refused":
                app.always("join", lambda exchange: exchange.answer(422, {"detail": "no"}))
                with pytest.raises(InvalidInputError):
                    await space.call("/echo", text="a")
            case "unknown":
                with pytest.raises(NotFoundError):
                    await space.call("/nowhere")
            case "left":
                async with space.call("/hold", text="a") as job:
                    await anext(job)
            case "cancelled":
                with anyio.move_on_after(0.2):
                    await space.call("/hold", text="a")
            case _:
                await space.call("/echo", text="a").detach()
    assert len(recorder.of("on_call_start")) == 1
    (end,) = recorder.of("on_call_end")
    kinds = {
        "refused": InvalidInputError,
        "unknown": NotFoundError,
        "left": JobCancelledError,
        "cancelled": BaseException,
        "detached": type(None),
    }
    assert isinstance(end.error, kinds[how])
    if isinstance(end.error, SpaceError):
        assert end.error.call_id == end.call_id


async def test_the_requests_of_a_cancelled_call_end_too() -> None:
    recorder = Recorder()

    async with stub() as app, opened(app, recorder.hooks()) as space:
        recorder.events.clear()
        app.always("join", lambda exchange: exchange.gone())
        with pytest.raises(DeadlineError):
            await space.call("/echo", text="a").with_options(timeouts=Timeouts(request=0.1))
    assert len(recorder.of("on_request")) == len(recorder.of("on_response"))
    assert "cancelled" in {details.error for details in recorder.of("on_response")}


async def test_hooks_have_no_secrets() -> None:
    secret = "s3cr3t-" + "x" * 17
    recorder = Recorder()

    async with stub() as app:
        echo = {"detail": f"you are {secret}"}
        auth = Auth(token=secret, hosts=["127.0.0.1"])
        async with opened(app, recorder.hooks(), auth=auth, headers={"x-key": secret}) as space:
            app.once("join", lambda exchange: exchange.answer(503, echo, {"retry-after": "0"}))
            app.once("data", cut)
            with pytest.raises(Exception, match="lost"):
                await space.call("/echo", text="a")
            async with space.session() as session:
                assert await session.call("/echo", text="a") == "a"
                shown = repr(recorder.events)
                assert session.session_hash not in shown
    assert recorder.of("on_retry")
    assert secret not in shown
    assert secret not in str([details.error.body for details in recorder.of("on_retry")])


async def test_the_hooks_of_a_call_have_the_context_of_its_caller() -> None:
    seen: dict[str, list[str]] = {}

    def note(details: Any) -> None:
        seen.setdefault(details.endpoint or "shared", []).append(SPAN.get())

    def enter(details: Any) -> None:
        SPAN.set(f"{SPAN.get()}/{details.call_id}")
        note(details)

    async def call(endpoint: str) -> None:
        SPAN.set(endpoint)
        await space.call(endpoint, text="a b")
        assert SPAN.get() == endpoint

    hooks = Hooks(on_call_start=enter, on_request=note, on_response=note, on_call_end=note)
    async with stub() as app, opened(app, hooks) as space:
        seen.clear()
        async with anyio.create_task_group() as group:
            group.start_soon(call, "/echo")
            group.start_soon(call, "/stream")
        await until_quiet()
    for endpoint in ("/echo", "/stream"):
        (value,) = set(seen[endpoint])
        assert value.startswith(f"{endpoint}/")
        assert len(seen[endpoint]) >= 4
    assert set(seen["shared"]) == {"none"}


@pytest.mark.parametrize("kind", [ValueError, SystemExit, asyncio.CancelledError])
async def test_what_a_hook_raises_is_logged_and_changes_nothing(
    caplog: pytest.LogCaptureFixture, kind: type[BaseException]
) -> None:
    def fail(_: object) -> None:
        raise kind("my own mistake")

    hooks = Hooks(
        on_call_start=fail, on_request=fail, on_response=fail, on_retry=fail, on_call_end=fail
    )
    async with stub() as app, opened(app, hooks) as space:
        app.once("join", lambda exchange: exchange.answer(503, {}, {"retry-after": "0"}))
        assert await space.call("/echo", text="a") == "a"
    failures = [record for record in caplog.records if record.name == "spacecall.hooks"]
    assert {record.getMessage() for record in failures} == {
        f"Hooks.{name} raised an exception"
        for name in ("on_call_start", "on_request", "on_response", "on_retry", "on_call_end")
    }
    assert all(record.levelno == logging.ERROR and record.exc_info for record in failures)


def test_the_hooks_of_a_sync_space() -> None:
    recorder = Recorder()

    def call(url: str) -> None:
        with SyncSpace(url, timeouts=PATIENT, hooks=recorder.hooks()) as space:
            assert space.call("/echo", text="a").result() == "a"
            with space.call("/echo", text="b") as job:
                space.close()
            ids.append(job.call_id)

    async def run() -> None:
        async with stub() as app:
            await anyio.to_thread.run_sync(call, app.url)

    ids: list[str] = []
    anyio.run(run)
    starts, ends = recorder.of("on_call_start"), recorder.of("on_call_end")
    assert [details.call_id for details in starts] == [details.call_id for details in ends]
    assert ends[1].call_id == ids[0]


async def test_the_hooks_of_hf_inference() -> None:
    recorder = Recorder()
    async with standing_in() as service:
        service.on(CHAT, saying("One ", "two."))
        async with stand_in.opened(service, hooks=recorder.hooks()) as (hf, _):
            assert (await hf.chat("Count", provider="together")).text == "One two."
    router = f"https://{stand_in.ROUTER}"
    start, end = recorder.of("on_call_start", "on_call_end")
    assert (start.endpoint, start.space, start.call_id) == ("chat", router, end.call_id)
    sent = recorder.of("on_request")
    assert [details.call_id for details in sent] == [start.call_id] * len(service.seen)
    assert sent[-1].url == f"{router}{CHAT}"


async def test_the_hooks_of_the_hub() -> None:
    recorder = Recorder()
    async with (
        serve_fake_hub() as service,
        Hub(TOKEN, service.url, hooks=recorder.hooks()) as hub,
    ):
        await hub.space("owner/name")
    assert recorder.names() == ["on_request", "on_response"]
    assert recorder.events[0][1].url.startswith(f"{service.url}/api/spaces/owner/name")


class AsyncHook:
    async def __call__(self, _: RetryDetails) -> None:
        """Do nothing, and be async."""


async def ignore(_: RetryDetails) -> None:
    """Do nothing, and be async."""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_retry": ignore}, r"Hooks\.on_retry must be a plain function, not an async one"),
        ({"on_retry": AsyncHook()}, r"Hooks\.on_retry must be a plain function, not an async one"),
        ({"on_retry": 3}, r"Hooks\.on_retry must be "),
        ({"on_retries": print}, "Hooks takes no option 'on_retries': did you mean on_retry"),
    ],
)
def test_what_is_not_a_hook_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Hooks(**options)


@pytest.mark.parametrize("kind", [Space, SyncSpace])
def test_hooks_are_given_as_hooks(kind: type[Any]) -> None:
    with pytest.raises(TypeError, match=r"hooks must be .*: write Hooks\(on_retry=…\)"):
        kind("http://app", hooks={"on_retry": print})
