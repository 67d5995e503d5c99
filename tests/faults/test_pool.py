"""Pools of apps of which some fail: where rows run, what is tried again, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    Auth,
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    NotFoundError,
    Pool,
    QuotaExceededError,
    Retry,
    Space,
    StatusError,
    SyncPool,
    SyncSpace,
    TransportError,
)
from tests.client.tools import collect, until
from tests.faults import description
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import Stub, cut, stub
from tests.faults.test_joins import FULL, refusing
from tests.faults.test_map import QUICK, QUOTA, failing_job, texts
from tests.faults.tools import DEADLINE, PATIENT, until_quiet
from tests.servers import AppServer


@asynccontextmanager
async def stubs(count: int) -> AsyncGenerator[list[Stub], None]:
    with anyio.fail_after(DEADLINE):
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(stub()) for _ in range(count)]


@asynccontextmanager
async def pooled(count: int, *, retry: Retry = QUICK) -> AsyncGenerator[tuple[Any, ...], None]:
    """So many apps, and a pool of them."""
    async with stubs(count) as apps:
        async with Pool([app.url for app in apps], timeouts=PATIENT, retry=retry) as pool:
            yield pool, *apps
        await until_quiet()


def joins(app: Stub) -> int:
    return len(app.asked("join"))


def slow(app: Stub, seconds: float) -> Handler:
    async def join(exchange: Exchange) -> None:
        await anyio.sleep(seconds)
        await app.behave("join", exchange)

    return join


async def test_rows_are_shared_by_all_sources() -> None:
    async with pooled(3) as (pool, *apps):
        outcomes = [outcome async for outcome in pool.map("/echo", texts(60), concurrency=2)]
        assert sorted(outcome.value for outcome in outcomes) == sorted(
            row["text"] for row in texts(60)
        )
        counts = Counter(outcome.source for outcome in outcomes)
        assert counts == {app.url: joins(app) for app in apps}
        assert min(counts.values()) >= 10


async def test_a_slow_source_gets_fewer_rows() -> None:
    async with pooled(2) as (pool, quick, slow_app):
        slow_app.always("join", slow(slow_app, 0.2))
        outcomes = [outcome async for outcome in pool.map("/echo", texts(60), concurrency=2)]
        assert all(outcome.error is None for outcome in outcomes)
        assert joins(quick) > 2 * joins(slow_app) > 0


async def test_the_number_of_calls_is_the_sum_over_the_sources() -> None:
    async with pooled(2) as (pool, *_), pool.map("/echo", texts(20), concurrency=3) as outcomes:
        await anext(outcomes)
        assert outcomes.concurrency == 6
        assert outcomes.running <= 6


async def test_rows_that_a_source_refuses_run_at_another() -> None:
    async with pooled(2) as (pool, full, sound):
        full.always("join", refusing(503, FULL))
        outcomes = [outcome async for outcome in pool.map("/echo", texts(40), concurrency=2)]
        assert {outcome.source for outcome in outcomes} == {sound.url}
        assert all(outcome.error is None for outcome in outcomes)
        assert 0 < joins(full) < 40


async def test_a_retry_after_holds_for_its_source_only() -> None:
    async with pooled(2) as (pool, slowed, sound):
        slowed.always("join", refusing(429, {"detail": "slow down"}, retry_after="60"))
        outcomes = [outcome async for outcome in pool.map("/echo", texts(20), concurrency=1)]
        assert {outcome.source for outcome in outcomes} == {sound.url}
        assert joins(slowed) == 1


async def test_a_row_that_may_have_run_is_not_moved_and_its_source_rests() -> None:
    patient = Retry(attempts=3, wait_initial=60, wait_max=60)
    async with pooled(2, retry=patient) as (pool, broken, sound):
        broken.always("join", cut)
        outcomes = [outcome async for outcome in pool.map("/echo", texts(30), concurrency=2)]
        failed = [outcome for outcome in outcomes if outcome.error is not None]
        assert 1 <= len(failed) <= 2, "what ran at once when it broke"
        for outcome in failed:
            assert isinstance(outcome.error, TransportError | JobLostError)
            assert (outcome.source, outcome.attempts) == (broken.url, 1)
        assert joins(broken) == len(failed)
        assert joins(sound) == 30 - len(failed)


async def test_a_source_that_recovers_gets_rows_again() -> None:
    async with pooled(2) as (pool, broken, sound):
        broken.once("join", cut, cut, cut)
        sound.always("join", slow(sound, 0.02))
        outcomes = [outcome async for outcome in pool.map("/echo", texts(60), concurrency=2)]
        counts = Counter(outcome.source for outcome in outcomes if outcome.error is None)
        assert counts[broken.url] > 5


async def test_a_source_that_fails_all_its_calls_rests_while_others_have_results() -> None:
    patient = Retry(attempts=3, wait_initial=60, wait_max=60)
    async with pooled(2, retry=patient) as (pool, sick, sound):
        sick.always("join", failing_job(sick, "CUDA out of memory"))
        outcomes = [outcome async for outcome in pool.map("/echo", texts(60), concurrency=1)]
        failed = [outcome for outcome in outcomes if isinstance(outcome.error, AppError)]
        assert len(failed) == joins(sick) < 10
        assert joins(sound) == 60 - len(failed)


async def test_rows_that_fail_everywhere_are_not_the_fault_of_a_source() -> None:
    patient = Retry(attempts=3, wait_initial=60, wait_max=60)
    async with pooled(2, retry=patient) as (pool, *apps):
        for app in apps:
            app.always("join", failing_job(app, "not an image"))
        outcomes = [outcome async for outcome in pool.map("/echo", texts(40), concurrency=1)]
        assert all(isinstance(outcome.error, AppError) for outcome in outcomes)


async def test_the_others_go_on_when_the_quota_of_a_source_is_used_up() -> None:
    async with pooled(2) as (pool, empty, sound):
        empty.always("join", failing_job(empty, QUOTA))
        rows = pool.map("/echo", texts(20), concurrency=1, on_quota="stop")
        outcomes = [outcome async for outcome in rows]
        assert {outcome.source for outcome in outcomes} == {sound.url}
        assert joins(empty) == 1


async def test_the_map_stops_when_the_quota_of_all_sources_is_used_up() -> None:
    async with pooled(2) as (pool, *apps):
        for app in apps:
            app.always("join", failing_job(app, QUOTA))
        outcomes = pool.map("/echo", texts(20), concurrency=1, on_quota="stop")
        seen: list[Any] = []
        with pytest.raises(QuotaExceededError):
            await collect(outcomes, seen)
        assert all(isinstance(outcome.error, QuotaExceededError) for outcome in seen)
        assert sum(joins(app) for app in apps) <= 4


@pytest.mark.parametrize("status", [502, 429])
async def test_a_source_that_does_not_answer_at_first_joins_later(status: int) -> None:
    async with stubs(2) as (late, sound):
        late.once("config", *[refusing(status, {"detail": "starting"}) for _ in range(2)])
        sound.always("join", slow(sound, 0.05))
        retry = Retry(attempts=1, wait_initial=0.01, wait_max=0.05)
        async with Pool([late.url, sound.url], retry=retry) as pool:
            outcomes = [outcome async for outcome in pool.map("/echo", texts(40), concurrency=1)]
        assert {outcome.source for outcome in outcomes} == {late.url, sound.url}


async def test_a_pool_without_a_source_that_answers_is_not_opened() -> None:
    async with stubs(2) as apps:
        for app in apps:
            app.always("config", refusing(502, {"detail": "starting"}))
        with pytest.raises(StatusError, match="502"):
            async with Pool([app.url for app in apps], retry=Retry(attempts=1)):
                pass


async def test_a_source_that_is_no_app_is_an_error() -> None:
    async with stubs(2) as (sound, gone):
        gone.always("config", refusing(404, {"detail": "Not Found"}))
        with pytest.raises(NotFoundError, match=gone.url):
            async with Pool([sound.url, gone.url]):
                pass


async def test_a_source_with_other_parameters_is_named() -> None:
    async with stubs(2) as (first, other):
        other.config["dependencies"][description.ECHO]["inputs"] = [4]
        async with Pool([first.url, other.url]) as pool:
            with pytest.raises(InvalidInputError) as caught:
                [outcome async for outcome in pool.map("/echo", texts(3))]
    assert f"/echo of {other.url} differs from {first.url}" in str(caught.value)
    assert "(file) -> (textbox)" in str(caught.value)


async def test_a_source_without_the_endpoint_is_named() -> None:
    async with stubs(2) as apps, Pool([app.url for app in apps]) as pool:
        with pytest.raises(NotFoundError, match="no endpoint"):
            [outcome async for outcome in pool.map("/ecko", texts(3))]


async def test_a_row_that_fits_no_source_is_an_error_of_that_row() -> None:
    async with pooled(2) as (pool, *apps):
        (outcome,) = [outcome async for outcome in pool.map("/echo", [{"txet": "a"}])]
        assert isinstance(outcome.error, InvalidInputError)
        assert outcome.attempts == 1
        assert not any(map(joins, apps))


async def test_a_space_with_options_of_its_own_keeps_its_headers_to_itself() -> None:
    async with stubs(2) as (private, public):
        space = Space(private.url, headers={"x-key": "secret"})
        async with Pool([space, public.url]) as pool:
            [outcome async for outcome in pool.map("/echo", texts(10), concurrency=1)]
        assert {exchange.headers.get("x-key") for exchange in private.asked("join")} == {"secret"}
        assert not any("x-key" in exchange.headers for _, exchange in public.requests)


async def test_a_space_that_was_open_stays_open() -> None:
    async with stubs(2) as (first, second), Space(first.url) as space:
        async with Pool([space, second.url]) as pool:
            assert len([outcome async for outcome in pool.map("/echo", texts(4))]) == 4
        assert await space.call("/echo", text="after") == "after"


async def test_closing_a_pool_ends_its_map_and_its_jobs() -> None:
    async with stubs(2) as apps:
        async with Pool([app.url for app in apps], timeouts=PATIENT) as pool:
            outcomes = pool.map("/hold", texts(8), concurrency=1)
            with anyio.move_on_after(0.5):
                await anext(outcomes)
            outcomes = pool.map("/hold", texts(8), concurrency=1)
            outcomes._engine.start(texts(8))
            await until(lambda: all(app.asked("data") for app in apps))
        with pytest.raises(JobCancelledError):
            await anext(outcomes)
        await until_quiet()
        with pytest.raises(RuntimeError, match="closed"):
            await anext(pool.map("/echo", texts(1)))


@pytest.mark.parametrize(
    ("sources", "error"),
    [
        ([], ValueError),
        (["owner/a", "owner/a"], ValueError),
        (["owner/a", "https://huggingface.co/spaces/owner/a"], ValueError),
        (["http://127.0.0.1:9", "http://127.0.0.1:9/"], ValueError),
        ("owner/a", TypeError),
        ([3], TypeError),
    ],
)
def test_sources_are_a_list_of_different_apps(sources: Any, error: type[Exception]) -> None:
    for kind in (Pool, SyncPool):
        with pytest.raises(error):
            kind(sources)


def test_a_login_is_not_sent_to_every_source() -> None:
    auth = Auth(username="ada", password="secret")
    with pytest.raises(ValueError, match="for one app") as caught:
        Pool(["owner/a", "owner/b"], auth=auth)
    assert "secret" not in str(caught.value)


def test_a_pool_names_its_sources_without_secrets() -> None:
    pool = Pool(["owner/a", "https://host.example/app?token=secret"])
    assert repr(pool) == "<Pool owner/a, https://host.example/app>"


def test_a_pool_without_async(protocol_app_6: AppServer) -> None:
    open_space = SyncSpace(protocol_app_6.url)
    address = protocol_app_6.url.replace("127.0.0.1", "localhost")
    with open_space, SyncPool([open_space, address]) as pool:
        with pool.map("/echo", texts(8), concurrency=2) as outcomes:
            values = sorted(outcome.result() for outcome in outcomes)
        assert values == sorted(row["text"] for row in texts(8))
        assert open_space.call("/echo", text="still open").result() == "still open"
    with pytest.raises(RuntimeError, match="closed"):
        pool.map("/echo", texts(1))


async def test_a_pool_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="open the pool first"):
        Pool(["owner/a"]).map("/echo", texts(1))
