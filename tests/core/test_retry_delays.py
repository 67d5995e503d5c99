"""Waits between tries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.retry_delays import parse_rate_limit_reset, parse_retry_after, retry_delays
from spacecall.options import Retry

NOW = datetime(2015, 10, 21, 7, 27, 30, tzinfo=UTC).timestamp()


def test_waits_double_up_to_the_longest() -> None:
    retry = Retry(attempts=6, wait_initial=1.0, wait_max=5.0, jitter=0.0)
    assert list(retry_delays(retry, lambda: 0.5)) == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_the_first_wait_is_no_longer_than_the_longest() -> None:
    retry = Retry(attempts=2, wait_initial=10.0, wait_max=5.0, jitter=0.0)
    assert list(retry_delays(retry, lambda: 0.5)) == [5.0]


def test_one_attempt_has_no_wait() -> None:
    assert list(retry_delays(Retry(attempts=1), lambda: 0.5)) == []


def test_jitter_makes_waits_shorter_by_its_part_at_most() -> None:
    retry = Retry(attempts=2, wait_initial=1.0, jitter=0.25)
    assert list(retry_delays(retry, lambda: 0.0)) == [1.0]
    assert list(retry_delays(retry, lambda: 1.0)) == [0.75]


@given(st.integers(1, 3000), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_every_wait_is_between_nothing_and_the_longest(
    attempts: int, initial: float, max_wait: float, jitter: float, chance: float
) -> None:
    retry = Retry(attempts=attempts, wait_initial=initial, wait_max=max_wait, jitter=jitter)
    waits = list(retry_delays(retry, lambda: chance))
    assert len(waits) == attempts - 1
    assert all(0 <= wait <= max_wait for wait in waits)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("1.5", 1.5),
        ("-5", None),
        ("nan", None),
        ("1e9", None),
        ("soon", None),
        ("٣", None),
        ("9" * 5000, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2015 09:28:00 +0200", 30.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("Wed, 41 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


@given(st.text())
def test_no_header_makes_it_raise_or_wait_less_than_nothing(header: str) -> None:
    wait = parse_retry_after(header, NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ('"api";r=0;t=55', 55.0),
        ('"api"; r=0; t=0', 0.0),
        ('"api";r=0', None),
        ('"api";t=soon', None),
        ('"t=9";r=0', None),
        ("", None),
        (None, None),
    ],
)
def test_a_limit_says_when_it_is_lifted(header: str | None, seconds: float | None) -> None:
    assert parse_rate_limit_reset(header) == seconds
