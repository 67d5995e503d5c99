"""Addresses where there is no Gradio app, or one that is not well."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from spacecall import (
    Auth,
    AuthError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    Retry,
    Space,
    SpaceError,
    StatusError,
    Timeouts,
    TransportError,
)
from tests.faults.exchanges import Exchange, Handler, serving, unused_port
from tests.faults.stub import cut, stub
from tests.faults.tools import DEADLINE, tasks

QUICK: dict[str, Any] = {
    "timeouts": Timeouts(connect=1, idle=1),
    "retry": Retry(attempts=2, wait_initial=0, jitter=0),
}


def answering(status: int, body: Any, **headers: str) -> Handler:
    async def answer(exchange: Exchange) -> None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.answer(status, body, sent)

    return answer


async def page(exchange: Exchange) -> None:
    await exchange.html(200, "<!DOCTYPE html><title>Welcome to nginx</title>")


async def bad_gateway(exchange: Exchange) -> None:
    await exchange.html(502, "<h1>502 Bad Gateway</h1>")


async def no_http(exchange: Exchange) -> None:
    await exchange.raw(b"220 mail.example.com ESMTP\r\n")
    await exchange.cut()


@pytest.mark.parametrize(
    ("handler", "kind", "words"),
    [
        (page, ProtocolError, "there is no Gradio app: GET http.*/config answered an HTML page"),
        (bad_gateway, StatusError, "502: an HTML page: '502 Bad Gateway'"),
        (answering(404, b"no"), NotFoundError, "there is no Gradio app: GET /config answered 404"),
        (answering(500, b"oops"), StatusError, "the server answered 500: oops"),
        (answering(401, {"detail": "Not authenticated"}), AuthError, "pass auth=Auth"),
        (answering(403, b"keep out"), AuthError, "refused: keep out"),
        (answering(200, b"hello"), ProtocolError, "expected JSON from .*/config, got text/plain"),
        (answering(200, b""), ProtocolError, "expected JSON"),
        (answering(200, [1]), ProtocolError, "expected a JSON object"),
        (answering(200, None), ProtocolError, "expected a JSON object"),
        (answering(200, {"a": 1}), ProtocolError, "not a Gradio config: .*keys: 'a'"),
        (answering(200, b"[" * 100_000), ProtocolError, "expected JSON"),
        (
            answering(302, b"", location="http://127.0.0.1:1/config"),
            StatusError,
            "is redirected to http://127.0.0.1:1: use that address",
        ),
        (cut, TransportError, "the connection broke"),
        (no_http, TransportError, "the connection broke"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_is_no_gradio_app_is_told_by_a_typed_error(
    handler: Handler, kind: type[SpaceError], words: str
) -> None:
    with anyio.fail_after(DEADLINE):
        async with serving(handler) as url:
            with pytest.raises(kind, match=words) as caught:
                async with Space(url, **QUICK):
                    pytest.fail("it opened")
            assert type(caught.value) is kind
            assert caught.value.space is not None or isinstance(caught.value, ProtocolError)
    assert not tasks()


async def test_a_silent_server_is_given_up() -> None:
    with anyio.fail_after(DEADLINE):
        async with serving(Exchange.gone) as url:
            with pytest.raises(DeadlineError) as caught:
                async with Space(url, timeouts=Timeouts(idle=0.2), retry=Retry(attempts=1)):
                    pytest.fail("it opened")
            assert caught.value.phase == "idle"


async def test_a_refused_connection_says_so() -> None:
    with pytest.raises(TransportError, match="cannot connect") as caught:
        async with Space(f"http://127.0.0.1:{unused_port()}", **QUICK):
            pytest.fail("it opened")
    assert not caught.value.sent


async def test_https_to_a_plain_http_server_says_that_tls_failed() -> None:
    with anyio.fail_after(DEADLINE):
        async with serving(page) as url:
            with pytest.raises(TransportError, match="TLS failed: ") as caught:
                async with Space(url.replace("http:", "https:"), **QUICK):
                    pytest.fail("it opened")
            assert not caught.value.sent


@pytest.mark.parametrize("source", ["", "not an address", "ftp://example.com", "http://a:b"])
async def test_what_is_no_address_is_refused_before_anything_is_sent(source: str) -> None:
    with pytest.raises(InvalidInputError):
        async with Space(source):
            pytest.fail("it opened")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (page, ProtocolError, "expected JSON from .*/info, got text/html"),
        (answering(500, b"no info"), StatusError, "no info"),
        (answering(200, [1]), ProtocolError, "expected a JSON object"),
    ],
    ids=["page", "error", "array"],
)
async def test_an_app_whose_info_is_broken_can_be_opened_without(
    fault: Handler, kind: type[SpaceError], words: str
) -> None:
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            app.always("info", fault)
            with pytest.raises(kind, match=f"cannot describe its endpoints.*{words}"):
                async with Space(app.url, **QUICK):
                    pytest.fail("it opened")
            async with Space(app.url, describe=False, **QUICK) as space:
                with pytest.raises(kind, match=words):
                    await space.call("/echo", text="x")
                assert await space.call_raw("/echo", ["x"]) == "x"
                app.recover()
                assert await space.call("/echo", text="x") == "x"


async def test_a_server_that_wakes_up_is_asked_again() -> None:
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            app.once("config", bad_gateway, answering(503, b"waking", retry_after="0"), cut)
            async with Space(app.url, retry=Retry(attempts=4, wait_initial=0, jitter=0)) as space:
                assert await space.call("/echo", text="x") == "x"
            assert len(app.asked("config")) == 4


async def test_a_password_that_is_wrong_is_an_auth_error_without_the_password() -> None:
    async def asks(exchange: Exchange) -> None:
        if exchange.path == "/login":
            await exchange.body()
            await exchange.answer(400, {"detail": "Incorrect credentials."})
        else:
            await exchange.answer(401, {"detail": "Not authenticated"})

    with anyio.fail_after(DEADLINE):
        async with serving(asks) as url:
            with pytest.raises(AuthError, match="wrong username or password") as caught:
                async with Space(url, auth=Auth(username="me", password="hunter2"), **QUICK):
                    pytest.fail("it opened")
            assert "hunter2" not in str(caught.value)


async def test_a_password_that_is_not_wanted_is_not_sent() -> None:
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            auth = Auth(username="me", password="hunter2")
            async with Space(app.url, auth=auth, **QUICK) as space:
                assert await space.call("/echo", text="x") == "x"
            assert all(route is not None for route, _ in app.requests)


async def test_a_login_that_breaks_is_an_error() -> None:
    async def asks(exchange: Exchange) -> None:
        status = 500 if exchange.path == "/login" else 401
        await exchange.answer(status, {"detail": "no"})

    with anyio.fail_after(DEADLINE):
        async with serving(asks) as url:
            with pytest.raises(StatusError, match="500: no"):
                async with Space(url, auth=Auth(username="me", password="pw"), **QUICK):
                    pytest.fail("it opened")
