"""Jobs with a stream of their own (`sse`, `ws`): what becomes of them when it breaks.

On a stand-in; how real servers of these generations behave is tested in tests/matrix.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any

import anyio
import pytest

from spacecall import (
    DeadlineError,
    JobLostError,
    QueueFullError,
    Retry,
    Space,
    SpaceError,
    Timeouts,
    TransportError,
)
from tests.client.tools import until
from tests.faults.exchanges import serving
from tests.faults.old_app import QUEUED, SOUND, STARTED, WANTED, App
from tests.faults.proxy import At, Fault, proxy
from tests.faults.tools import DEADLINE, PATIENT, tasks, until_quiet

ENDS = {"sse": b"\r\n0\r\n\r\n", "ws": b"\x88\x02\x03\xe8"}
"""What comes after the completion: the end of its chunk and the last chunk; a close frame."""


@asynccontextmanager
async def opened(app: App, **options: Any) -> AsyncGenerator[Space, None]:
    options.setdefault("timeouts", Timeouts(connect=3, queue=5, run=5, idle=5, cancel=1))
    with anyio.fail_after(DEADLINE):
        async with serving(app) as url, Space(url, **options) as space:
            yield space
    assert tasks() == []


@pytest.fixture(params=["sse", "ws"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_job_gives_its_arguments_when_they_are_asked_for(protocol: str) -> None:
    app = App(protocol, (SOUND, "closed"))
    async with opened(app) as space:
        assert await space.call("/echo", text="hi") == "hi"
    assert [body["data"] for body in app.told if "data" in body] == [["hi"]]
    assert app.resets == []


@pytest.mark.parametrize("end", ["cut", "closed"])
@pytest.mark.parametrize("count", range(len(SOUND)))
async def test_a_job_whose_stream_ends_early_says_whether_it_may_have_run(
    protocol: str, end: str, count: int
) -> None:
    app = App(protocol, (SOUND[:count], end), (SOUND, "closed"))
    async with opened(app) as space:
        with pytest.raises(JobLostError) as lost:
            await space.call("/echo", text="hi")
        assert lost.value.sent == (count > 1)
        assert await space.call("/echo", text="again") == "hi"
        await until_quiet()


async def test_a_job_whose_stream_is_cut_at_any_byte_has_its_value_once_the_completion_came(
    protocol: str,
) -> None:
    app = App(protocol, (SOUND, "closed"))
    ends: list[str] = []
    with anyio.fail_after(DEADLINE):
        async with (
            serving(app) as url,
            proxy(int(url.rpartition(":")[2])) as way,
            Space(way.url, retry=Retry(attempts=1), timeouts=PATIENT) as space,
        ):
            while way.spoilt == len(ends):
                app.told.clear()
                way.once("/queue/join", Fault(answer=At(len(ends))))
                try:
                    end = await space.call("/echo", text="hi")
                except TransportError as error:
                    end = "may have run" if error.sent else "no stream"
                except JobLostError as error:
                    end = "may have run" if error.sent else "has not run"
                assert end in ("may have run", "hi") or not any("data" in body for body in app.told)
                ends.append(end)
                await until_quiet()
    assert tasks() == []
    assert [end for end, _ in groupby(ends)] == ["no stream", "has not run", "may have run", "hi"]
    assert ends.count("hi") == len(ENDS[protocol]) + 2, "at its last byte, and at each one after"


async def test_a_lost_job_is_sent_again_where_that_is_wanted(protocol: str) -> None:
    app = App(protocol, (SOUND[:3], "cut"), (SOUND, "closed"))
    async with opened(app, retry=Retry(resubmit_lost=1)) as space:
        assert await space.call("/echo", text="hi") == "hi"


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([{"msg": "queue_full"}], QueueFullError),
        ([{"msg": "unexpected_error", "message": "stopped"}], JobLostError),
        ([QUEUED], DeadlineError),
        ([QUEUED, WANTED, STARTED], DeadlineError),
    ],
)
async def test_every_way_to_end_without_a_value_is_typed(
    protocol: str, messages: list[Any], error: type[SpaceError]
) -> None:
    app = App(protocol, (messages, "silent"))
    timeouts = Timeouts(connect=3, queue=0.3, run=0.3, cancel=1)
    async with opened(app, timeouts=timeouts) as space:
        with pytest.raises(error):
            await space.call("/echo", text="hi")
        await until_quiet()
        await until(lambda: app.left == 1)


async def test_a_job_that_nobody_waits_for_is_ended_on_the_server(protocol: str) -> None:
    app = App(protocol, ((QUEUED, WANTED, STARTED), "silent"))
    async with opened(app) as space:
        async with space.call("/echo", text="hi"):
            await until(lambda: any("data" in body for body in app.told))
        await until(lambda: app.left == 1)
    assert app.resets == (["e1"] if protocol == "sse" else [])


async def test_a_job_given_up_while_its_stream_is_opened_never_gets_its_arguments(
    protocol: str,
) -> None:
    app = App(protocol, (SOUND, "closed"))
    app.opens = anyio.Event()
    async with opened(app) as space:
        async with space.call("/echo", text="hi"):
            await until(lambda: app.joins == 1)
        await until_quiet()
        app.opens.set()
        assert app.told == []
        assert await space.call("/echo", text="again") == "hi"


async def test_a_stream_that_is_never_opened_is_given_up(protocol: str) -> None:
    app = App(protocol, (SOUND, "closed"))
    app.opens = anyio.Event()
    timeouts = Timeouts(connect=3, queue=20, run=20, idle=0.3, cancel=1)
    async with opened(app, timeouts=timeouts, retry=Retry(attempts=1)) as space:
        with pytest.raises(DeadlineError, match="did not open a stream"):
            await space.call("/echo", text="hi")
        await until_quiet()
        app.opens.set()
