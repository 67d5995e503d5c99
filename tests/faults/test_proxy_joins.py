"""Real servers whose joins do not get there, are not answered, or are answered by somebody else."""

from __future__ import annotations

import gc
from collections import Counter

import anyio
import pytest

from spacecall import (
    JobLostError,
    ProtocolError,
    RateLimitedError,
    Retry,
    Space,
    SpaceError,
    StatusError,
    TransportError,
)
from tests.client.tools import until
from tests.faults.proxy import At, Ending, Fault, body
from tests.faults.proxy_tools import spoilt
from tests.servers import AppServer

AT_ONCE = 15.0
"""Seconds in which a broken connection must be noticed on a busy machine."""

QUICK = Retry(attempts=4, wait_initial=0.01, jitter=0)


def answer(status: int, text: str = "{}", *headers: str, kind: str = "application/json") -> Fault:
    """An answer that the server knows nothing of."""
    lines = [
        f"HTTP/1.1 {status} Status",
        f"content-type: {kind}",
        f"content-length: {len(text)}",
        "connection: close",
        *headers,
    ]
    return Fault(instead=("\r\n".join([*lines, "", ""]) + text).encode())


PAGE = answer(200, "<html>Please log in to this network</html>", kind="text/html")
ELSEWHERE = answer(307, "", "location: http://127.0.0.1:9/gradio_api/queue/join")


async def broken(space: Space) -> TransportError | JobLostError | None:
    """What a call raises for a broken connection; None if it gives its value."""
    try:
        assert await space.call("/echo", text="x") == "x"
    except (TransportError, JobLostError) as error:
        return error
    return None


async def test_a_join_whose_answer_is_cut_at_any_byte_may_have_been_accepted(
    protocol_app: AppServer,
) -> None:
    ends = Counter[str]()
    async with spoilt(protocol_app) as (way, space):
        for position in range(200):
            ending = [Ending.CLOSE, Ending.RESET][position % 2]
            way.once("queue/join", Fault(answer=At(position), ending=ending))
            with anyio.fail_after(AT_ONCE):
                # Of an answer that came whole, its connection may be tried for the stream.
                error = await broken(space)
            if error is not None:
                assert error.sent
                assert (error.event_id is None) == isinstance(error, TransportError)
            ends[type(error).__name__] += 1
    assert ends["TransportError"] > 150
    assert ends["NoneType"] > 1


async def test_a_join_cut_on_its_way_is_not_sent_again(protocol_app: AppServer) -> None:
    async with spoilt(protocol_app, retry=QUICK) as (way, space):
        places = [At(0), At(40), body(-3), body(0), body(1), body(20)]
        for position in places:
            way.once("queue/join", Fault(request=position, ending=Ending.RESET))
            with anyio.fail_after(AT_ONCE), pytest.raises(TransportError) as caught:
                await space.call("/echo", text="x")
            assert caught.value.sent
        assert way.asked("queue/join") == len(places)


async def test_a_refused_connection_was_not_sent_and_is_tried_again(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6, retry=QUICK) as (way, space):
        await way.refuse()
        await until(lambda: not way.open)
        with pytest.raises(TransportError, match="cannot connect") as caught:
            await space.call("/echo", text="x")
        assert not caught.value.sent

        async def later() -> None:
            await anyio.sleep(0.2)
            await way.accept()

        patient = space.with_options(retry=Retry(attempts=20, wait_initial=0.05, wait_max=0.2))
        async with anyio.create_task_group() as group:
            group.start_soon(later)
            assert await patient.call("/echo", text="x") == "x"


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_burst_of_gateway_errors_at_the_join_is_an_error_and_never_a_second_join(
    protocol_app_6: AppServer, status: int
) -> None:
    async with spoilt(protocol_app_6, retry=QUICK) as (way, space):
        page = answer(status, "<h1>Bad gateway</h1>", kind="text/html")
        way.once("queue/join", *[page] * 3)
        for _ in range(3):
            with pytest.raises(StatusError) as caught:
                await space.call("/echo", text="x")
            assert caught.value.status == status
        assert await space.call("/echo", text="x") == "x"
        assert way.asked("queue/join") == 4


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_burst_of_gateway_errors_at_the_stream_loses_the_job(
    protocol_app_6: AppServer, status: int
) -> None:
    async with spoilt(protocol_app_6, retry=QUICK) as (way, space):
        way.always("queue/data", answer(status, "busy", kind="text/plain"))
        with anyio.fail_after(AT_ONCE), pytest.raises(JobLostError) as caught:
            await space.call("/echo", text="x")
        assert caught.value.sent
        assert str(status) in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_time_to_wait_is_kept_before_the_join_is_sent_again(
    protocol_app_6: AppServer, status: int
) -> None:
    async with spoilt(protocol_app_6, retry=QUICK) as (way, space):
        way.once("queue/join", *[answer(status, "{}", "retry-after: 1")] * 2)
        began = anyio.current_time()
        assert await space.call("/echo", text="x") == "x"
        assert anyio.current_time() - began >= 2
        assert way.asked("queue/join") == 3


async def test_too_many_requests_without_a_time_is_an_error_at_once(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6, retry=QUICK) as (way, space):
        way.once("queue/join", answer(429))
        with anyio.fail_after(AT_ONCE), pytest.raises(RateLimitedError) as caught:
            await space.call("/echo", text="x")
        assert caught.value.retry_after is None
        assert way.asked("queue/join") == 1


@pytest.mark.parametrize(
    ("path", "fault", "kind"),
    [
        ("queue/join", PAGE, ProtocolError),
        ("queue/join", ELSEWHERE, StatusError),
        ("queue/data", PAGE, ProtocolError),
        ("queue/data", ELSEWHERE, JobLostError),
    ],
    ids=["page-join", "redirect-join", "page-stream", "redirect-stream"],
)
async def test_a_page_or_a_redirect_elsewhere_is_a_typed_error(
    protocol_app_6: AppServer, path: str, fault: Fault, kind: type[SpaceError]
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        way.once(path, fault)
        with anyio.fail_after(AT_ONCE), pytest.raises(kind) as caught:
            await space.call("/echo", text="x")
        assert type(caught.value) is kind
        assert caught.value.space == way.url
        assert caught.value.endpoint == "/echo"


async def test_a_large_join_that_is_cut_leaves_nothing_to_the_garbage_collector(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        way.once("queue/join", Fault(request=body(100_000), ending=Ending.RESET))
        with pytest.raises(TransportError):
            await space.call("/echo", text="x" * 20_000_000)
        gc.collect()
