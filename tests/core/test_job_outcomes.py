"""What the end of a job means, in the words of every generation and of ZeroGPU."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.job_outcomes import (
    EMPTY_ERROR,
    HIDDEN_ERROR,
    make_app_error,
    read_outcome,
)
from spacecall._core.markup import strip_markup
from spacecall._core.messages import ProcessCompleted
from spacecall._core.queue_messages import Message
from spacecall.errors import AppError, JobCancelledError, QuotaExceededError, SpaceError
from tests.core.wire import cancelled, completed, failed, message
from tests.protocol.captures import queue_messages


def read(message: Message) -> list[Any] | SpaceError:
    assert isinstance(message, ProcessCompleted)
    return read_outcome(message)


def error_of(message: Message) -> AppError:
    error = read(message)
    assert isinstance(error, AppError)
    return error


def test_a_completion_gives_its_values() -> None:
    assert read(completed(["a", None])) == ["a", None]
    assert read(completed([])) == []


@pytest.mark.parametrize(
    "end",
    [
        cancelled(),
        message("process_completed", output=None, success=True),
        message("process_completed", success=True),
        message("process_completed", output={"data": None}, success=True),
    ],
    ids=["empty", "null", "absent", "no data"],
)
def test_a_success_without_values_was_a_cancel(end: Message) -> None:
    assert isinstance(read(end), JobCancelledError)


@pytest.mark.parametrize(
    ("fields", "text", "title", "duration"),
    [
        # 3.50 to 4.44: the message as Python writes it
        ({"error": "'boom'"}, "boom", None, None),
        ({"error": '"it\'s"', "duration": 10, "visible": True}, "it's", None, 10),
        ({"error": "'a', 'b'"}, "'a', 'b'", None, None),
        ({"error": "'unfinished\\'"}, "'unfinished\\'", None, None),
        ({"error": "'"}, "'", None, None),
        ({"error": "'boom'", "title": "Error"}, "'boom'", "Error", None),
        # 5, 6
        (
            {"error": "boom", "duration": 5, "visible": False, "title": "Title2"},
            "boom",
            "Title2",
            5,
        ),
        # until closed
        ({"error": "boom", "duration": None, "title": "Error"}, "boom", "Error", None),
        # other exceptions, hidden and shown
        ({"error": None}, HIDDEN_ERROR, None, None),
        ({"error": ""}, EMPTY_ERROR, None, None),
        ({"error": "<br>"}, EMPTY_ERROR, None, None),
        ({}, HIDDEN_ERROR, None, None),
        ({"error": "invalid literal"}, "invalid literal", None, None),
        # gr.Error(5) and the like
        ({"error": 5, "title": "Error"}, "5", "Error", None),
        ({"error": 0}, "0", None, None),
        ({"error": False}, "false", None, None),
        ({"error": {"message": "é"}}, '{"message": "é"}', None, None),
        ({"error": ["a", 1]}, '["a", 1]', None, None),
    ],
)
def test_the_error_objects_of_every_generation(
    fields: dict[str, Any], text: str, title: str | None, duration: float | None
) -> None:
    error = error_of(failed(**{"error": None, **fields}))
    assert (error.message, error.title, error.duration) == (text, title, duration)
    assert type(error) is AppError


@pytest.mark.parametrize(
    "text", ["'half a \ud800'", "'a\0b'", "'two' 'texts'", "'\\d'", "'x' + 'y'", "'", "f'{x}'"]
)
def test_what_only_looks_like_a_text_of_python_stays(text: str) -> None:
    assert error_of(failed(error=text)).message == text.strip()


def test_a_text_of_python_is_read() -> None:
    for text in ('it\'s "so"', "a\nb \\ \x00 \u2028 \U000e0041", "", "'"):
        assert error_of(failed(error=repr(f"[{text}]"))).message == f"[{text}]"


def test_a_failure_without_an_output_is_still_the_apps_error() -> None:
    assert error_of(message("process_completed", success=False)).message == HIDDEN_ERROR


def test_the_title_in_the_output_counts_and_the_messages_own_stands_in() -> None:
    assert error_of(failed("x", title="right")).title == "right"
    end = message("process_completed", output={"error": "x"}, success=False, title="own")
    assert error_of(end).title == "own"
    with_duration = message(
        "process_completed", output={"error": "x", "title": "right"}, success=False, title="own"
    )
    assert error_of(with_duration).title == "right"


def test_every_recorded_end_has_a_meaning() -> None:
    seen: set[type] = set()
    for source, text in queue_messages():
        fields = json.loads(text)
        if fields["msg"] == "process_completed":
            result = read(message(**fields))
            assert isinstance(result, list) == (
                fields["success"] and bool(fields["output"].get("data"))
            ), source
            seen.add(type(result))
    assert seen == {list, AppError, JobCancelledError}


LINK = '<a href="https://example.com/pricing" target="_blank">Subscribe</a>'
QUOTAS: list[tuple[str, float | None, float | None, float | None]] = [
    ("You have exceeded your GPU quota (60s requested vs. 0s left).", 60, 0, None),
    ("You have exceeded your free GPU quota (60s requested vs. 12s left).", 60, 12, None),
    ("You have exceeded your Pro GPU quota (60s requested vs. 0s left).", 60, 0, None),
    ("You have exceeded your ZeroGPU quota (46s left vs. 60s requested).", 60, 46, None),
    ("You have exceeded your ZeroGPU runs quota. Try again in 0:09:48", None, None, 588),
    (
        "You have exceeded your free ZeroGPU quota (46s left vs. 60s requested). "
        f"Try again in 23:05:01 or {LINK}",
        60,
        46,
        83101,
    ),
    ("You have exceeded your GPU quota (60s requested vs. 0s left), retry in 0:09:48", 60, 0, 588),
    ("You have exceeded your GPU quota. Try again in 1 day, 2:00:05", None, None, 93605),
    ("You have exceeded your GPU quota. Try again in 2 days, 0:00:00", None, None, 172800),
    ("you have exceeded your gpu quota", None, None, None),
]


@pytest.mark.parametrize(("text", "requested", "left", "retry_after"), QUOTAS)
@pytest.mark.parametrize("title", [None, "Error", "ZeroGPU quota exceeded"])
def test_a_quota_is_read_from_its_text(
    text: str,
    requested: float | None,
    left: float | None,
    retry_after: float | None,
    title: str | None,
) -> None:
    error = error_of(failed(text, title=title, duration=10))
    assert isinstance(error, QuotaExceededError)
    assert (error.requested, error.remaining, error.retry_after) == (requested, left, retry_after)
    assert error.title == title
    assert "<" not in error.message


def test_the_title_alone_tells_a_quota() -> None:
    error = make_app_error("Come back later", title="ZeroGPU quota exceeded", duration=None)
    assert isinstance(error, QuotaExceededError)
    assert (error.message, error.requested) == ("Come back later", None)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            f"You have exceeded your GPU quota (60s requested vs. 0s left). {LINK} for more.",
            "left).",
        ),
        (f"You have exceeded your Pro GPU quota. Try again in 1:00:00 or {LINK}", "in 1:00:00"),
        (f"You have exceeded your GPU quota.\n{LINK}", "quota."),
        (
            f"{LINK}: you have exceeded your GPU quota",
            "Subscribe: you have exceeded your GPU quota",
        ),
    ],
)
def test_a_quotas_text_ends_before_its_offer(html: str, text: str) -> None:
    error = make_app_error(html, title="ZeroGPU quota exceeded", duration=10)
    assert isinstance(error, QuotaExceededError)
    assert error.message.endswith(text)


def test_what_stands_after_the_offer_is_read_all_the_same() -> None:
    facts = "(60s requested vs. 4s left), retry in 0:09:48"
    html = f"You have exceeded your free GPU quota {LINK} {facts}"
    error = make_app_error(html, title="Error", duration=None)
    assert isinstance(error, QuotaExceededError)
    assert (error.requested, error.remaining, error.retry_after) == (60, 4, 588)
    assert error.message == "You have exceeded your free GPU quota"


def test_pending_credits_are_a_quota() -> None:
    error = make_app_error("Too many jobs", title="ZeroGPU pending credits exceeded", duration=None)
    assert isinstance(error, QuotaExceededError)
    assert (error.message, error.title) == ("Too many jobs", "ZeroGPU pending credits exceeded")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (
            "ZeroGPU illegal duration",
            "The requested GPU duration (400s) is larger than the maximum allowed",
        ),
        ("ZeroGPU queue timeout", "No GPU was available after 60s"),
        ("ZeroGPU worker error", "GPU task aborted"),
        ("ZeroGPU client error", "GPU task aborted"),
    ],
)
def test_other_errors_of_zerogpu_are_no_quota(title: str, text: str) -> None:
    error = make_app_error(text, title=title, duration=None)
    assert type(error) is AppError
    assert (error.message, error.title) == (text, title)


def test_absurd_amounts_are_read_without_harm() -> None:
    many = "9" * 5000
    error = make_app_error(
        f"You have exceeded your GPU quota ({many}s requested vs. 0s left). "
        f"Try again in {many}:00:00",
        title=None,
        duration=None,
    )
    assert isinstance(error, QuotaExceededError)
    assert error.requested == float("inf")
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("  padded \n", "padded"),
        ("two\nlines", "two\nlines"),
        ("<b>bold</b> and <i class='x'>not</i>", "bold and not"),
        ("one<br>two<br/>three<p>four</p>", "one two three four"),
        ('<a href="x>y" title=\'"\'>go</a> on', "go on"),
        ("fish &amp; chips &lt;b&gt; &#39;q&#39;", "fish & chips <b> 'q'"),
        ("AT&T & co", "AT&T & co"),
        ("<!DOCTYPE html><html><head><title>502</title></head><h1>Bad</h1>", "502 Bad"),
        ("a<script>alert('<b>')</script>b<style>p{}</style >c", "a b c"),
        ("a<!-- hidden <b> -->b", "a b"),
        ("a<!-- never closed", "a"),
        ("a<script>never closed", "a"),
        # what only looks like a tag
        ("a < b > c", "a < b > c"),
        ("width<height", "width<height"),
        ("expected <class 'str'>", "expected <class 'str'>"),
        ("list<int> in <module>", "list<int> in <module>"),
        ("<function f at 0x7f>", "<function f at 0x7f>"),
        ("<", "<"),
        ("<b", "<b"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert strip_markup(html) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["<!--", "<script>", "<!doctype", '<a "', "<a '", "<a ", "&", "<script></script", "<"]
)
def test_hostile_html_takes_no_time(piece: str) -> None:
    strip_markup(piece * 50_000)


@given(st.lists(st.sampled_from(["<b>", "</b>", "<br>", "<a href='x'>", "word", "<x>", "&", " "])))
def test_no_tag_of_html_is_left_and_no_other_word_lost(pieces: list[str]) -> None:
    text = strip_markup("".join(pieces))
    assert not any(tag in text for tag in ("<b>", "</b>", "<br>", "<a"))
    assert text.count("word") == pieces.count("word")
    assert text.count("<x>") == pieces.count("<x>")
