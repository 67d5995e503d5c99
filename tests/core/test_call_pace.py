"""How many calls of a map run at once, and when the next starts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.call_pace import INITIAL_LIMIT, MAX_LIMIT, MAX_PAUSE, MAX_REFUSALS, CallPace
from spacecall.options import Retry

RETRY = Retry(wait_initial=1.0, wait_max=5.0, jitter=0.0)


def pace(concurrency: int | None = None, rate: float | None = None) -> CallPace:
    return CallPace(concurrency, rate, RETRY)


def succeed(pace: CallPace, count: int) -> None:
    for _ in range(count):
        pace.succeed(pace.start(0.0), saturated=True)


def test_a_number_stays_as_it_is() -> None:
    fixed = pace(7)
    succeed(fixed, 100)
    call_round = fixed.start(0.0)
    fixed.queue(call_round, 50)
    assert fixed.refuse(call_round, 0.0, None)
    assert fixed.limit == 7


def test_each_result_adds_a_call_until_the_app_has_enough() -> None:
    auto = pace()
    succeed(auto, 6)
    assert auto.limit == INITIAL_LIMIT + 6
    succeed(auto, 1000)
    assert auto.limit == MAX_LIMIT


def test_after_a_decrease_a_round_of_results_adds_one_call() -> None:
    auto = pace()
    succeed(auto, 4)
    auto.refuse(auto.start(0.0), 0.0, None)
    assert auto.limit == 4
    succeed(auto, 4)
    assert auto.limit == 4
    succeed(auto, 1)
    assert auto.limit == 5


def test_results_do_not_raise_a_limit_that_was_not_reached() -> None:
    auto = pace()
    auto.succeed(auto.start(0.0), saturated=False)
    assert auto.limit == INITIAL_LIMIT


def test_calls_of_an_earlier_round_change_nothing() -> None:
    auto = pace()
    succeed(auto, 12)
    rounds = [auto.start(0.0) for _ in range(16)]
    for call_round in rounds:
        auto.refuse(call_round, 0.0, None)
        auto.queue(call_round, 100 + call_round)
        auto.succeed(call_round, saturated=True)
    assert auto.limit == 8


def test_the_limit_is_halved_when_half_of_the_calls_wait_and_more_of_them_do() -> None:
    auto = pace()
    succeed(auto, 4)
    auto.queue(auto.start(0.0), 3)
    assert auto.limit == 8
    auto.queue(auto.start(0.0), 4)
    assert auto.limit == 4
    auto.queue(auto.start(0.0), 4)
    assert auto.limit == 4, "the queue does not grow"


def test_the_limit_is_never_below_one() -> None:
    auto = pace()
    for rank in range(20):
        auto.refuse(auto.start(0.0), 0.0, None)
        auto.queue(auto.start(0.0), 100 + rank)
    assert auto.limit == 1


def test_a_rate_separates_the_starts() -> None:
    steady = pace(10, rate=4.0)
    steady.start(100.0)
    assert steady.next_start == 100.25
    steady.start(100.25)
    assert steady.next_start == 100.5
    steady.start(200.0)
    assert steady.next_start == 200.25, "time without calls is not made up for"


def test_a_start_that_is_a_little_late_does_not_delay_the_next_ones() -> None:
    steady = pace(10, rate=4.0)
    steady.start(10.0)
    steady.start(10.4)
    assert steady.next_start == 10.5
    steady.start(11.0)
    assert steady.next_start == 11.25


def test_a_retry_after_stops_all_calls_up_to_an_hour() -> None:
    auto = pace()
    call_round = auto.start(0.0)
    assert auto.refuse(call_round, 10.0, 30.0)
    assert auto.next_start == 40.0
    assert auto.refuse(call_round, 10.0, 50.0)
    assert auto.next_start == 60.0
    auto.refuse(auto.start(60.0), 60.0, 10**9)
    assert auto.next_start == 60.0 + MAX_PAUSE


def test_a_pause_is_not_shortened() -> None:
    auto = pace()
    auto.pause(100.0)
    auto.pause(50.0)
    assert auto.next_start == 100.0


def test_refusals_without_a_time_double_the_pause_until_a_call_succeeds() -> None:
    auto = pace()
    starts: list[float] = []
    for _ in range(4):
        auto.refuse(auto.start(0.0), 0.0, None)
        starts.append(auto.next_start)
        auto.next_start = 0.0
    assert starts == [1.0, 2.0, 4.0, 5.0]
    succeed(auto, 1)
    auto.refuse(auto.start(0.0), 0.0, None)
    assert auto.next_start == 1.0


@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_refusals_without_any_result_are_not_retried_for_ever(retry_after: float | None) -> None:
    auto = pace()
    answers = [auto.refuse(auto.start(0.0), 0.0, retry_after) for _ in range(MAX_REFUSALS + 1)]
    assert answers == [True] * MAX_REFUSALS + [False]


@given(st.integers(1, 20), st.integers(50, 400))
def test_a_busy_app_has_all_its_workers_at_work_and_a_short_queue(workers: int, calls: int) -> None:
    auto = pace()
    for _ in range(calls):
        call_round = auto.start(0.0)
        auto.queue(call_round, max(0, auto.limit - workers - 1))
        auto.succeed(call_round, saturated=True)
    assert min(workers, INITIAL_LIMIT) <= auto.limit <= 2 * workers + 6


def test_a_failure_lets_the_app_rest_and_then_one_call_tries_it() -> None:
    fixed = pace(8)
    rounds = [fixed.start(0.0) for _ in range(3)]
    for call_round in rounds:
        fixed.fail(call_round, 10.0)
    assert (fixed.limit, fixed.next_start, fixed.is_healthy) == (1, 11.0, False)
    fixed.fail(fixed.start(11.0), 12.0)
    assert fixed.next_start == 14.0, "the rest doubles"
    succeed(fixed, 1)
    assert (fixed.limit, fixed.is_healthy) == (8, True)
    fixed.fail(fixed.start(20.0), 20.0)
    assert fixed.next_start == 21.0
