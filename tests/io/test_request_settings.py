"""Options that are checked when they are given."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall import Auth, Retry, Timeouts
from spacecall._io.request_settings import Settings

LATER = Settings(headers={"x-a": "1"})


def test_headers_of_a_call_are_added_and_the_rest_stays() -> None:
    changed = LATER.override(headers={"x-b": "2"})
    assert changed.headers == {"x-a": "1", "x-b": "2"}
    assert changed.timeouts == LATER.timeouts
    assert LATER.headers == {"x-a": "1"}
    assert LATER.override(timeouts=Timeouts(run=1), retry=Retry(attempts=9)).headers == {"x-a": "1"}
    assert LATER.override(timeouts=Timeouts(run=1)).timeouts.run == 1


@pytest.mark.parametrize(
    "value", ["", "x", "a b\tc", "Bearer x.y-z_~+/=", "!#$%&'()*,;:<>?@[]{}|\\^`\""]
)
def test_a_header_may_hold_what_http_lets_it(value: str) -> None:
    assert Settings(headers={"X-Any": value}).headers == {"X-Any": value}


@pytest.mark.parametrize(
    "value",
    ["hunter2\n", "hunter2\r\nx-other: 1", " hunter2", "hunter2 ", "hunter2\x00", "hunter2é"],
)
def test_a_value_that_cannot_be_sent_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(
        ValueError, match="the header 'x-key' has a line end, a space"
    ) as in_headers:
        LATER.override(headers={"x-key": value})
    with pytest.raises(ValueError, match=r"Auth\.token has a line end, a space") as in_auth:
        Auth(token=value)
    assert "hunter2" not in f"{in_headers.value!r} {in_auth.value!r}"


@pytest.mark.parametrize("name", ["", "x key", "x:", "é", "x\n"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid header name"):
        Settings(headers={name: "1"})


@pytest.mark.parametrize("value", [1, None, b"x"])
def test_a_header_is_a_text(value: Any) -> None:
    with pytest.raises(TypeError, match="the header 'x-key' must be a str"):
        Settings(headers={"x-key": value})


@pytest.mark.parametrize(
    "name",
    [
        *("Content-Type", "content-length", "Host", "Transfer-Encoding", "Connection", "Range"),
        *("Accept-Encoding", "Upgrade", "Sec-WebSocket-Key"),
    ],
)
def test_a_header_that_belongs_to_each_request_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is set by each request"):
        Settings(headers={name: "x"})
    with pytest.raises(ValueError, match=f"'{name}' is set by each request"):
        LATER.override(headers={name: "x"})
