"""What httpx raises and what servers answer, as typed errors."""

from __future__ import annotations

import json
import re
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._io.http_errors import build_status_error, map_http_errors
from spacecall.errors import (
    AuthError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    QueueFullError,
    RateLimitedError,
    StatusError,
    TransportError,
)
from tests.io.tools import STEADY

SPACE = "http://app"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ProxyError("proxy"), False),
        (httpx.UnsupportedProtocol("ftp"), False),
        (httpx.LocalProtocolError("header"), False),
        (httpx.ReadError("reset"), True),
        (httpx.WriteError("broken pipe"), True),
        (httpx.RemoteProtocolError("incomplete chunked read"), True),
        (httpx.DecodingError("gzip"), True),
        (httpx.CloseError(""), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_of_the_network_says_whether_anything_was_sent(
    error: httpx.HTTPError, sent: bool
) -> None:
    with pytest.raises(TransportError) as caught, map_http_errors(SPACE):
        raise error
    assert caught.value.sent is sent
    assert caught.value.space == SPACE
    assert caught.value.__cause__ is error
    assert str(error) in caught.value.message
    assert not caught.value.message.endswith(": "), "it says something even where httpx does not"


PORT = OverflowError("connect(): port must be 0-65535.")


@pytest.mark.parametrize(
    "error", [PORT, ExceptionGroup("", [ExceptionGroup("", [PORT]), OSError()])], ids=str
)
def test_an_error_of_connecting_that_is_not_of_the_library_has_a_type(error: Exception) -> None:
    with pytest.raises(TransportError, match="cannot connect: ") as caught, map_http_errors(SPACE):
        raise error
    assert "port must be 0-65535" in caught.value.message
    assert caught.value.sent is False


def test_a_group_with_an_error_of_the_caller_stays_as_it_is() -> None:
    with pytest.raises(ExceptionGroup), map_http_errors(SPACE):
        raise ExceptionGroup("", [PORT, RuntimeError("of a hook")])


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (httpx.ConnectTimeout(""), "connect"),
        (httpx.PoolTimeout(""), "connect"),
        (httpx.ReadTimeout(""), "idle"),
        (httpx.WriteTimeout(""), "idle"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_timeout_names_its_phase(error: httpx.HTTPError, phase: str) -> None:
    with pytest.raises(DeadlineError) as caught, map_http_errors(SPACE):
        raise error
    assert (caught.value.phase, caught.value.space) == (phase, SPACE)
    assert isinstance(caught.value, TimeoutError)


def test_a_failed_tls_handshake_says_so_however_deep_its_cause() -> None:
    deep = httpx.ConnectError("wrapped")
    deep.__cause__ = OSError("wrapped too")
    deep.__cause__.__context__ = ssl.SSLError(1, "wrong version number")
    words = r"TLS failed: .*wrong version number"
    with pytest.raises(TransportError, match=words) as caught, map_http_errors(SPACE):
        raise deep
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "requires a client certificate: pass it as cert="),
        ("TLSV1_ALERT_UNKNOWN_CA", r"refused the client certificate \(cert=\)"),
        ("WRONG_VERSION_NUMBER", "WRONG_VERSION_NUMBER$"),
    ],
)
def test_a_refusal_of_the_server_during_the_handshake_names_the_option(
    reason: str, remedy: str
) -> None:
    failure, cause = httpx.ConnectError("wrapped"), ssl.SSLError(1, "alert")
    cause.reason, failure.__cause__ = reason, cause
    with pytest.raises(TransportError) as caught, map_http_errors(SPACE):
        raise failure
    assert re.search(remedy, caught.value.message)


def test_an_address_that_httpx_refuses_is_invalid_input() -> None:
    with pytest.raises(InvalidInputError, match="not a valid URL"), map_http_errors(SPACE):
        httpx.Request("GET", "http://exa mple\x00/")


@pytest.mark.parametrize("error", [KeyError("mine"), KeyboardInterrupt(), OSError("disk")])
def test_what_is_not_httpxs_passes_through(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, map_http_errors(SPACE):
        raise error
    assert caught.value is error


def answered(status: int, body: object = b"", headers: dict[str, str] | None = None) -> StatusError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return build_status_error(status, headers or JSON, data, now=1000, space=SPACE)


QUEUE_FULL = {"detail": "Queue is full. Max size is 1 and size is 1."}
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "words"),
    [
        (401, {"detail": "Not authenticated"}, JSON, AuthError, "Not authenticated: .*auth=Auth"),
        (
            401,
            {"detail": {"error": "Not authenticated", "auth_message": None}},
            JSON,
            AuthError,
            "Not authenticated: ",
        ),
        (403, {"detail": "Forbidden"}, JSON, AuthError, "^refused: Forbidden$"),
        (404, {"detail": "Not Found"}, JSON, NotFoundError, "not found: Not Found"),
        (413, {"detail": "too large"}, JSON, InvalidInputError, "too large"),
        (422, b"", {}, InvalidInputError, "no explanation"),
        (429, b"slow down", {}, RateLimitedError, "too many requests: slow down"),
        (503, QUEUE_FULL, JSON, QueueFullError, "Queue is full. Max size is 1"),
        (503, b"waking up", {}, StatusError, "the server answered 503: waking up"),
        (500, b"Internal Server Error", {}, StatusError, "answered 500: Internal Server Error"),
        (500, {"error": None}, JSON, StatusError, "no explanation$"),
        (500, {"error": "boom"}, JSON, StatusError, "boom"),
        (400, {"detail": {"message": "told"}}, JSON, StatusError, "told"),
        (400, [1, 2], JSON, StatusError, "the input was refused"),
        (400, 17, JSON, StatusError, "17"),
        (502, b"<h1>502</h1><p>Bad Gateway", HTML, StatusError, "an HTML page: '502 Bad Gateway'"),
        (418, b"x" * 1000, {}, StatusError, "x{297}…$"),
        (302, b"\xff\xfe", {}, StatusError, "\ufffd\ufffd"),
    ],
)
def test_a_status_becomes_its_error(
    status: int, body: object, headers: dict[str, str], kind: type[StatusError], words: str
) -> None:
    error = answered(status, body, headers)
    assert type(error) is kind
    assert re.search(words, error.message)
    assert (error.status, error.space) == (status, SPACE)


def test_the_body_is_kept() -> None:
    assert answered(500, "x" * 1000).body == json.dumps("x" * 1000)


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (
            {
                "detail": [
                    {
                        "__type__": "validate",
                        "is_valid": False,
                        "message": "must not be bad",
                        "parameter_name": "text",
                    }
                ]
            },
            ["text: must not be bad"],
        ),
        (
            {
                "detail": [
                    {"loc": ["body", "fn_index"], "msg": "Field required", "type": "missing"},
                    {"loc": ["body", 0], "msg": "Wrong", "type": "x"},
                ]
            },
            ["body.fn_index: Field required", "body.0: Wrong"],
        ),
        ({"detail": [{"message": "whole"}]}, ["whole"]),
        ({"detail": [{"odd": 1}]}, ['{"odd": 1}']),
        ({"detail": ["text"]}, ["text"]),
        ({"detail": ["", "x" * 1000]}, ["no explanation", "x" * 297 + "…"]),
        ({"detail": "one line"}, ["one line"]),
        ({"detail": []}, ["the input was refused"]),
    ],
)
def test_a_422_lists_what_does_not_fit(body: object, problems: list[str]) -> None:
    error = answered(422, body)
    assert isinstance(error, InvalidInputError)
    assert list(error.problems) == problems
    assert error.message == "; ".join(problems)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2), ("0", 0), ("soon", None), ("Thu, 01 Jan 1970 00:17:10 GMT", 30)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_is_read(status: int, header: str, seconds: float | None) -> None:
    error = answered(status, b"", {"retry-after": header})
    assert error.retry_after == seconds


def test_no_retry_after_is_none() -> None:
    assert answered(503, QUEUE_FULL).retry_after is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["detail", "error", "message", "msg", "loc", "parameter_name"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@STEADY
@given(st.integers(300, 599), st.binary(max_size=40) | JSON_VALUES.map(lambda v: json.dumps(v)))
def test_any_answer_gives_an_error_with_words(status: int, body: bytes | str) -> None:
    data = body.encode() if isinstance(body, str) else body
    error = build_status_error(status, JSON, data, now=0, space=SPACE)
    assert error.message.strip()
    assert len(error.message) < 2000
