"""What is tried again, how often, and after which wait."""

from __future__ import annotations

import anyio
import pytest

from spacecall import Retry
from spacecall._io.retrying import run_with_retries
from spacecall.errors import (
    AuthError,
    DeadlineError,
    JobLostError,
    Phase,
    ProtocolError,
    QueueFullError,
    RateLimitedError,
    SpaceError,
    StatusError,
    TransportError,
)

RETRY = Retry(attempts=4, wait_initial=1, jitter=0, wait_max=3)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for; none of them is waited."""
    seconds_waited: list[float] = []

    async def sleep(seconds: float) -> None:
        seconds_waited.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    return seconds_waited


def ignore(*_: object) -> None:
    """Report nothing."""


class Attempt:
    """Fails with each error once, then gives its count."""

    def __init__(self, *errors: SpaceError) -> None:
        self.errors = list(errors)
        self.count = 0

    async def __call__(self) -> int:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.count


def refused() -> TransportError:
    return TransportError("refused", sent=False)


def busy(kind: type[StatusError], status: int, after: float | None) -> StatusError:
    error = kind("busy", status=status)
    error.retry_after = after
    return error


def late(phase: Phase) -> DeadlineError:
    return DeadlineError("late", phase=phase)


async def test_a_success_is_not_repeated(waits: list[float]) -> None:
    assert await run_with_retries(Attempt(), RETRY, idempotent=True, on_retry=ignore) == 1
    assert waits == []


async def test_a_connection_that_was_not_opened_is_tried_again_after_growing_waits(
    waits: list[float],
) -> None:
    attempt = Attempt(refused(), refused(), refused())
    assert await run_with_retries(attempt, RETRY, idempotent=False, on_retry=ignore) == 4
    assert waits == [1, 2, 3]


async def test_the_last_error_is_raised_when_no_try_is_left(waits: list[float]) -> None:
    errors = [refused() for _ in range(4)]
    with pytest.raises(TransportError) as caught:
        await run_with_retries(Attempt(*errors), RETRY, idempotent=False, on_retry=ignore)
    assert caught.value is errors[3]
    assert len(waits) == 3


async def test_one_attempt_means_no_second_try(waits: list[float]) -> None:
    attempt = Attempt(refused())
    with pytest.raises(TransportError):
        await run_with_retries(attempt, Retry(attempts=1), idempotent=True, on_retry=ignore)
    assert (attempt.count, waits) == (1, [])


@pytest.mark.parametrize(
    ("error", "if_idempotent", "if_not"),
    [
        (TransportError("cut", sent=True), True, False),
        (TransportError("refused", sent=False), True, True),
        (late("connect"), True, True),
        (late("idle"), False, False),
        (busy(StatusError, 500, None), False, False),
        (busy(StatusError, 502, None), True, False),
        (busy(StatusError, 503, None), True, False),
        (busy(StatusError, 504, None), True, False),
        (busy(RateLimitedError, 429, None), False, False),
        (busy(RateLimitedError, 429, 2), True, True),
        (busy(QueueFullError, 503, 2), True, True),
        (busy(StatusError, 500, 2), False, False),
        (busy(AuthError, 401, 2), False, False),
        (ProtocolError("odd"), False, False),
        (JobLostError("lost"), False, False),
    ],
    ids=lambda value: (
        f"{type(value).__name__}-{value.args[0]}" if isinstance(value, Exception) else ""
    ),
)
async def test_only_what_the_server_cannot_have_accepted_is_tried_again(
    error: SpaceError, if_idempotent: bool, if_not: bool
) -> None:
    for idempotent, repeated in ((True, if_idempotent), (False, if_not)):
        attempt = Attempt(error)
        if repeated:
            assert (
                await run_with_retries(attempt, RETRY, idempotent=idempotent, on_retry=ignore) == 2
            )
        else:
            with pytest.raises(type(error)):
                await run_with_retries(attempt, RETRY, idempotent=idempotent, on_retry=ignore)
            assert attempt.count == 1


async def test_a_server_that_asks_for_time_gets_it(waits: list[float]) -> None:
    attempt = Attempt(busy(RateLimitedError, 429, 2.5), busy(RateLimitedError, 429, 0))
    assert await run_with_retries(attempt, RETRY, idempotent=False, on_retry=ignore) == 3
    assert waits == [2.5, 2], "never less than the wait of this try"


async def test_a_longer_wait_than_wanted_is_an_error_at_once(waits: list[float]) -> None:
    attempt = Attempt(busy(QueueFullError, 503, 3.1))
    with pytest.raises(QueueFullError) as caught:
        await run_with_retries(attempt, RETRY, idempotent=True, on_retry=ignore)
    assert caught.value.retry_after == 3.1
    assert (attempt.count, waits) == (1, [])


async def test_other_errors_pass_through(waits: list[float]) -> None:
    async def broken() -> int:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        await run_with_retries(broken, RETRY, idempotent=True, on_retry=ignore)
    assert waits == []
