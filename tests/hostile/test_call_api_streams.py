"""Streams of the simple call API that a server, or a proxy before it, refuses at first."""

from __future__ import annotations

import socket

import anyio
import pytest

from spacecall import JobLostError, Retry, Space
from tests.hostile.server import PREFIX, SSE_HEAD, HostileServer, Request, Route, http

CALL = f"{PREFIX}/call/predict"
STREAM = f"{CALL}/e1"
QUICK = Retry(attempts=3, wait_initial=0.01, wait_max=1)


def joined(_request: Request, _connection: socket.socket) -> bytes:
    return http({"event_id": "e1"})


def serving(*answers: bytes) -> dict[str, Route]:
    """A job whose stream is answered with `answers`, one each time."""
    waiting = list(answers)
    return {CALL: joined, STREAM: lambda _request, _connection: waiting.pop(0)}


DONE = SSE_HEAD + b'event: complete\ndata: ["ok"]\n\n'
NOT_YET = http({"detail": "later"}, "429 Too Many Requests", headers=["retry-after: 0"])
AWAY = http({"detail": "later"}, "503 Service Unavailable", headers=["retry-after: 0"])
LONG = http({"detail": "later"}, "429 Too Many Requests", headers=["retry-after: 60"])
BROKEN = http({"detail": "bad"}, "502 Bad Gateway")


@pytest.mark.parametrize("refusal", [NOT_YET, AWAY], ids=["429", "503"])
async def test_a_stream_that_is_refused_for_now_is_asked_for_again(refusal: bytes) -> None:
    routes = serving(refusal, refusal, DONE)
    with anyio.fail_after(20), HostileServer(routes=routes) as server:
        async with Space(server.url, retry=QUICK) as space:
            assert await space.call("/predict", x="1").with_options(call_api=True) == "ok"
        assert server.paths().count(CALL) == 1
        assert server.paths().count(STREAM) == 3


@pytest.mark.parametrize(
    ("answers", "tries"),
    [((NOT_YET, NOT_YET, NOT_YET, DONE), 3), ((LONG, DONE), 1), ((BROKEN, DONE), 1)],
    ids=["always", "too long", "after it may have begun"],
)
async def test_a_stream_that_stays_refused_loses_the_job(
    answers: tuple[bytes, ...], tries: int
) -> None:
    with anyio.fail_after(20), HostileServer(routes=serving(*answers)) as server:
        async with Space(server.url, retry=QUICK) as space:
            with pytest.raises(JobLostError, match="the job was lost"):
                await space.call("/predict", x="1").with_options(call_api=True)
        assert server.paths().count(STREAM) == tries
