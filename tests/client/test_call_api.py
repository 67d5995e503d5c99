"""The simple call API, on real servers of the three generations that have it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import httpx
import pytest

from spacecall import (
    AppError,
    Completed,
    DeadlineError,
    File,
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    Output,
    Retry,
    Space,
    SyncSpace,
    Timeouts,
    Uploading,
    ZeroGPU,
)
from spacecall._client.calls.caller import Caller
from tests import servers
from tests.client.tools import DEADLINE, collect, counting, first_value, logged, unique
from tests.conftest import ServerPool
from tests.servers import DATA, GRADIO_4, GRADIO_5, GRADIO_6, AppServer

RED = DATA / "red.png"


@pytest.fixture(scope="session", params=[GRADIO_4, GRADIO_5, GRADIO_6], ids=str)
def app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """The protocol app on each Gradio that has the simple call API."""
    return app_server("protocol_app.py", request.param)


@pytest.fixture
async def simple(app: AppServer) -> AsyncGenerator[Caller, None]:
    async with Space(app.url) as space:
        yield space.with_options(call_api=True)


async def test_a_value_comes_over_two_requests_and_no_queue(app: AppServer) -> None:
    async with counting(app) as (space, counts):
        assert await space.call("/echo", text="hi").with_options(call_api=True) == "hi"
    assert sum(number for path, number in counts.items() if "/call/echo" in path) == 2
    assert not [path for path in counts if "/queue/" in path]


async def test_a_generator_s_values_come_whole(simple: Caller) -> None:
    async with simple.call("/stream_text", text="w", n=4) as job:
        events = [event async for event in job]
    values = [event.value for event in events if isinstance(event, Output)]
    assert values == ["w0 ", "w0 w1 ", "w0 w1 w2 ", "w0 w1 w2 w3 "]
    assert events[-1] == Completed(values[-1], None)
    assert {type(event) for event in events} == {Output, Completed}
    assert job.event_id


async def test_texts_and_json_that_change_are_read_like_the_queue_s(simple: Caller) -> None:
    async with simple.call("/stream_text", text="w", n=4) as job:
        assert "".join([piece async for piece in job.text]) == "w0 w1 w2 w3 "
    result = await simple.call("/stream_edit", text="x")
    assert result == ({"only": None}, "end")


async def test_files_go_in_and_come_out(simple: Caller) -> None:
    async with simple.call("/image", path=RED) as job:
        events = [event async for event in job]
    assert isinstance(events[0], Uploading)
    image = await job.result()
    assert isinstance(image, File)
    assert (await image.read()).startswith(b"\x89PNG")


async def test_state_begins_anew_with_each_call(simple: Caller) -> None:
    for _ in range(2):
        _, history = await simple.call("/chat", message="hi")
        assert "turn 1: you said hi" in str(history)


async def test_functions_without_a_queue_are_called_too(simple: Caller) -> None:
    assert await simple.call("/noqueue", text="x") == "nq x"


async def test_what_the_app_raised_is_told_from_gradio_6_on(simple: Caller, app: AppServer) -> None:
    with pytest.raises(AppError) as caught:
        await simple.call("/fail", text="x")
    if app.version == GRADIO_6:
        assert (caught.value.message, caught.value.title) == ("boom", "Error")
    else:
        assert "sends errors since Gradio 6" in caught.value.message
    assert caught.value.endpoint == "/fail"
    assert caught.value.event_id
    with pytest.raises(AppError, match="hides its message"):
        await simple.call("/crash", text="x")


async def test_an_error_after_the_first_values_ends_the_stream(simple: Caller) -> None:
    seen: list[str] = []
    async with simple.call("/fail_mid", text="x") as job:
        with pytest.raises(AppError):
            await collect(job.outputs, seen)
    assert seen == ["first", "first second"]


async def test_many_calls_at_once_do_not_mix(simple: Caller) -> None:
    results: dict[str, str] = {}

    async def ask(text: str) -> None:
        results[text] = await simple.call("/echo", text=text)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(ask, f"text {number}")
    assert results == {text: text for text in results}
    assert len(results) == 60


async def test_leaving_a_generator_early_ends_it(simple: Caller, app: AppServer) -> None:
    seconds = unique(30)
    async with simple.call("/slow_stream", seconds=seconds) as job:
        await first_value(job)
    with pytest.raises(JobCancelledError):
        await job.result()
    with anyio.fail_after(DEADLINE):  # the app runs one at a time
        assert await simple.call("/slow_stream", seconds=0.2) == "step 0"
    assert f"slow_stream finished {seconds}" not in app.log()


async def test_leaving_a_function_early_cancels_it(simple: Caller, app: AppServer) -> None:
    seconds = unique(30)
    async with simple.call("/slow_async", seconds=seconds):
        await logged(app, f"slow_async start {seconds}")
    await logged(app, f"slow_async cancelled {seconds}")


async def test_a_job_given_up_while_it_waits_never_runs(simple: Caller, app: AppServer) -> None:
    first, second = unique(2), unique(30)
    async with simple.call("/slow_stream", seconds=first) as job:
        await first_value(job)
        async with simple.call("/slow_stream", seconds=second) as waiting:
            with anyio.move_on_after(0.5):
                await waiting.result()
        await job.result()
    # the queue has one place for it: what comes next proves that the other did not come before
    await simple.call("/slow_stream", seconds=0.2)
    assert f"slow_stream start {second}" not in app.log()


async def test_a_call_given_up_while_it_is_sent_is_cancelled_when_it_is_accepted(
    app: AppServer,
) -> None:
    seconds = unique(30)
    sent = anyio.Event()
    accepted = anyio.Event()

    async def hold(response: httpx.Response) -> None:
        if response.request.method == "POST" and "/call/" in response.request.url.path:
            sent.set()
            await accepted.wait()

    async with (
        httpx.AsyncClient(event_hooks={"response": [hold]}) as client,
        Space(app.url, http_client=client) as space,
    ):
        call = space.call("/slow_async", seconds=seconds).with_options(call_api=True)
        async with call as job:
            await sent.wait()
            await logged(app, f"slow_async start {seconds}")
            await job.cancel()
        accepted.set()
        await logged(app, f"slow_async cancelled {seconds}")


async def test_time_limits_hold(simple: Caller, app: AppServer) -> None:
    seconds = unique(30)
    call = simple.call("/slow_async", seconds=seconds)
    with pytest.raises(DeadlineError) as caught:
        await call.with_options(timeouts=Timeouts(run=0.6))
    assert caught.value.phase == "run"
    await logged(app, f"slow_async cancelled {seconds}")


async def test_a_session_and_a_ticket_are_refused(app: AppServer) -> None:
    async with Space(app.url) as space, space.session() as session:
        with pytest.raises(InvalidInputError, match="no sessions"):
            await session.call("/echo", text="x").with_options(call_api=True)
        with pytest.raises(InvalidInputError, match="no tickets"):
            await space.call("/echo", text="x").with_options(call_api=True).detach()
        plain = (
            space.with_options(call_api=True).call("/echo", text="x").with_options(call_api=False)
        )
        assert await space.collect(await plain.detach()) == "x"


async def test_zero_gpu_credentials_go_with_the_call_and_not_with_its_stream(
    app: AppServer,
) -> None:
    seen: list[tuple[str, str | None]] = []

    async def watch(request: httpx.Request) -> None:
        seen.append((request.method, request.headers.get("x-zerogpu-token")))

    async with (
        httpx.AsyncClient(event_hooks={"request": [watch]}) as client,
        Space(app.url, http_client=client, describe=False) as space,
    ):
        await space.describe()
        options = space.with_options(call_api=True, zero_gpu=ZeroGPU(token="secret"))
        await options.call("/echo", text="hi")
    assert [entry for entry in seen if entry[1]] == [("POST", "secret")]


async def test_an_argument_that_does_not_fit_is_refused_before_anything_is_sent(
    app: AppServer,
) -> None:
    async with counting(app) as (space, counts):
        with pytest.raises(InvalidInputError):
            await space.call("/add", a="no number").with_options(call_api=True)
    assert not [path for path in counts if "/call/" in path]


def test_without_async_too(app: AppServer) -> None:
    with SyncSpace(app.url) as space:
        call = space.call("/stream_text", text="w", n=2).with_options(call_api=True)
        with call as job:
            assert list(job.outputs)[-1] == "w0 w1 "


@pytest.mark.parametrize("version", [GRADIO_5, GRADIO_6])
async def test_a_server_that_dies_loses_the_job(version: str) -> None:
    with servers.serve("protocol_app.py", version) as server:
        async with Space(server.url, retry=Retry(attempts=1)) as space:
            call = space.call("/slow_stream", seconds=20).with_options(call_api=True)
            async with call as job:
                await first_value(job)
                server.kill()
                with anyio.fail_after(DEADLINE), pytest.raises(JobLostError):
                    await job.result()
