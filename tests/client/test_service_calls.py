"""Direct calls: work that is no job of a queue, seen through the same `Call` and `Job`."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from spacecall import (
    Completed,
    DeadlineError,
    InvalidInputError,
    JobCancelledError,
    Log,
    NotFoundError,
    Output,
    SpaceError,
    Started,
    Timeouts,
)
from spacecall._client.concurrency.portal import hold_open
from spacecall._client.exchanges.service_call import (
    ProgressSink,
    ServiceRunner,
    open_service_runner,
)
from spacecall._core.redaction import Redactor
from spacecall._io.request_settings import Settings
from spacecall.sync import SyncCall


@pytest.fixture
async def direct() -> AsyncGenerator[ServiceRunner, None]:
    with anyio.fail_after(10):
        async with open_service_runner("", Settings(), lambda _: Redactor()) as direct:
            yield direct


async def spell(report: ProgressSink[str], settings: Settings) -> str:
    report.emit(Log("thinking", "info", None, None))
    for text in ("a", "ab"):
        report.output(text)
    return "abc"


async def forever(report: ProgressSink[str], settings: Settings) -> str:
    report.output("begun")
    await anyio.sleep_forever()
    return ""


async def test_awaited_it_gives_the_result(direct: ServiceRunner) -> None:
    assert await direct.call("spell", spell) == "abc"


async def test_entered_it_gives_events_in_order(direct: ServiceRunner) -> None:
    async with direct.call("spell", spell) as job:
        events = [event async for event in job]
    assert isinstance(events[0], Started)
    assert isinstance(events[1], Log)
    assert isinstance(events[2], Output)
    assert isinstance(events[-1], Completed)
    assert events[-1].value == "abc"


async def test_text_comes_as_pieces(direct: ServiceRunner) -> None:
    async with direct.call("spell", spell) as job:
        assert "".join([piece async for piece in job.text]) == "abc"


async def test_a_mapped_call_maps_outputs_and_the_result(direct: ServiceRunner) -> None:
    async with direct.call("spell", spell).map(str.upper).map(lambda text: text + "!") as job:
        assert [value async for value in job.outputs][-1] == "ABC!"
        assert await job.result() == "ABC!"


async def test_what_the_service_raises_names_the_call(direct: ServiceRunner) -> None:
    async def missing(report: ProgressSink[str], settings: Settings) -> str:
        raise NotFoundError("no such model", status=404)

    with pytest.raises(NotFoundError, match="no such model") as caught:
        await direct.call("org/model", missing)
    assert caught.value.endpoint == "org/model"


async def test_what_a_mapping_raises_names_the_call(direct: ServiceRunner) -> None:
    def refuse(text: str) -> str:
        raise SpaceError("not that")

    with pytest.raises(SpaceError, match="not that") as caught:
        await direct.call("spell", spell).map(refuse)
    assert caught.value.endpoint == "spell"


async def test_leaving_early_cancels_the_work(direct: ServiceRunner) -> None:
    ended = anyio.Event()

    async def patient(report: ProgressSink[str], settings: Settings) -> str:
        try:
            return await forever(report, settings)
        finally:
            ended.set()

    async with direct.call("forever", patient) as job:
        async for value in job.outputs:
            assert value == "begun"
            break
    await ended.wait()
    with pytest.raises(JobCancelledError):
        await job.result()


async def test_cancelling_the_task_that_waits_cancels_the_work(direct: ServiceRunner) -> None:
    ended = anyio.Event()

    async def patient(report: ProgressSink[str], settings: Settings) -> str:
        try:
            return await forever(report, settings)
        finally:
            ended.set()

    with anyio.move_on_after(0.05):
        await direct.call("forever", patient)
    await ended.wait()


@pytest.mark.parametrize("phase", ["run", "total"])
async def test_a_deadline_ends_it(direct: ServiceRunner, phase: str) -> None:
    timeouts = Timeouts(**{phase: 0.05})
    with pytest.raises(DeadlineError) as caught:
        await direct.call("forever", forever).with_options(timeouts=timeouts)
    assert caught.value.phase == phase


async def test_the_service_is_given_the_options_of_the_call(direct: ServiceRunner) -> None:
    seen: list[Settings] = []

    async def look(report: ProgressSink[None], settings: Settings) -> None:
        seen.append(settings)

    await direct.call("look", look).with_options(headers={"x-a": "1"}).map(lambda value: value)
    assert seen[0].headers == {"x-a": "1"}


async def test_only_an_entered_call_is_followed(direct: ServiceRunner) -> None:
    async def look(report: ProgressSink[bool], settings: Settings) -> bool:
        return report.is_followed

    assert await direct.call("look", look) is False
    async with direct.call("look", look) as job:
        assert await job.result() is True


async def test_a_call_is_for_one_use(direct: ServiceRunner) -> None:
    call = direct.call("spell", spell)
    await call
    with pytest.raises(RuntimeError, match="one use"):
        await call


async def test_it_cannot_be_detached(direct: ServiceRunner) -> None:
    with pytest.raises(InvalidInputError, match="cannot be detached"):
        await direct.call("spell", spell).detach()


async def test_leaving_the_service_ends_its_calls() -> None:
    with anyio.fail_after(10):
        async with open_service_runner("", Settings(), lambda _: Redactor()) as direct:
            job = await direct.call("forever", forever)._make(follow=True)  # pyright: ignore[reportPrivateUsage]
            await anext(job.outputs)
        with pytest.raises(JobCancelledError, match="closed"):
            await job.result()
        with pytest.raises(RuntimeError, match="closed"):
            await direct.call("spell", spell)


def test_without_async_it_is_the_same_call() -> None:
    portal, direct = hold_open(
        open_service_runner("", Settings(), lambda _: Redactor()), "direct calls"
    )
    assert SyncCall(portal, direct.call("spell", spell)).result() == "abc"
    with SyncCall(portal, direct.call("spell", spell)) as job:
        assert "".join(job.text) == "abc"
    portal.close()
