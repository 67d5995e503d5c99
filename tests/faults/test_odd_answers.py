"""Answers that no Gradio sends: whatever they are, one call has its typed error, and no other."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from spacecall import File, ProtocolError, Space, SpaceError
from tests.client.tools import until
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import Route, Stub, begun, completed, saying, sse
from tests.faults.tools import faulty

NO_DATE = "1 Jan 2024 999999999999999999999999999999:00:00"


def answer(status: int, content: bytes = b"{}", **headers: str) -> Handler:
    async def fault(exchange: Exchange) -> None:
        await exchange.body()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.answer(status, content, {"content-type": "application/json"} | names)

    return fault


ODD = {
    "deep json": answer(200, b"[" * 100_000),
    "deep json as an error": answer(500, b"[" * 100_000),
    "no time to retry after": answer(503, retry_after=NO_DATE),
    "no time to retry after so many": answer(429, retry_after=NO_DATE),
    "redirect to no address": answer(302, location="http://xn--.b/c"),
    "redirect to half a character": answer(307, location="http://h/\\ud800"),
    "a number too long": answer(200, b"9" * 5000),
    "a name that is no text": answer(200, b'{"event_id": "\\ud800"}'),
    "no body": answer(204, b""),
    "not modified": answer(304, b""),
}
ROUTES: dict[Route, tuple[str, dict[str, Any]]] = {
    "join": ("/echo", {"text": "x"}),
    "data": ("/echo", {"text": "x"}),
    "run": ("/plain", {"text": "x"}),
    "upload": ("/file", {"file": b"x"}),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_an_odd_answer_is_a_typed_error_of_one_call(route: Route, odd: Handler) -> None:
    endpoint, arguments = ROUTES[route]
    async with faulty() as (app, space), space.call("/hold", text="y") as held_job:
        await until(lambda: bool(app.asked("data")))
        app.always(route, odd)
        with pytest.raises(SpaceError):
            await space.call(endpoint, **arguments)
        app.recover()
        assert held_job.event_id is not None
        app.finish(held_job.event_id, ["held"])
        assert await held_job.result() == "held"


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_an_odd_answer_to_a_cancel_concerns_nobody(odd: Handler) -> None:
    async with faulty() as (app, space):
        app.always("cancel", odd)
        async with space.call("/hold", text="x") as job:
            await anext(job)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_an_app_that_describes_itself_oddly_cannot_be_opened(odd: Handler) -> None:
    async with faulty() as (app, _):
        app.always("config", odd)
        with pytest.raises(SpaceError):
            async with Space(app.url):
                raise AssertionError("it is open")


@pytest.mark.parametrize("route", ["join", "upload"])
async def test_a_cookie_that_no_header_can_carry_is_not_kept(route: Route) -> None:
    async def with_cookie(exchange: Exchange) -> None:
        await exchange.answer(500, b"", {"set-cookie": "a=\u00ff"})

    async with faulty() as (app, space):
        app.once(route, with_cookie)
        with pytest.raises(SpaceError):
            await space.call("/file", file=b"x")
        assert isinstance(await space.call("/file", file=b"x"), File)


@pytest.mark.parametrize(
    "url", ["http://xn--.b/c", "http://h/\ud800", "http://[::1", "http://h:99999/", "mailto:x"]
)
async def test_a_file_whose_address_is_none_is_an_error_when_it_is_read(url: str) -> None:
    async with faulty() as (app, space):
        app.once("data", holding(app, url))
        file = await space.call("/file", file=b"x")
        assert isinstance(file, File)
        with pytest.raises(SpaceError):
            await file.read()


def holding(app: Stub, url: str) -> Handler:
    """A stream whose job gives the file at `url`."""

    async def stream(exchange: Exchange) -> None:
        event_id = next(iter(app.session(exchange).pending), "event1")
        file = {"path": None, "url": url, "meta": {"_type": "gradio.FileData"}}
        speak = app.speaking(*begun(event_id), completed(event_id, [file]))
        await speak(exchange)

    return stream


@pytest.mark.parametrize("name", ["deep json as an error", "redirect to no address"])
async def test_an_odd_answer_to_a_download_is_a_typed_error(name: str) -> None:
    async with faulty() as (app, space):
        file = await space.call("/file", file=b"x")
        assert isinstance(file, File)
        app.always("file", ODD[name])
        with pytest.raises(SpaceError):
            await file.read()


async def test_a_value_that_is_nested_too_deeply_is_a_protocol_error() -> None:
    deep = "[" * 900 + "]" * 900
    async with faulty() as (app, space):
        event = sse([completed("event1", ["deep"])]).replace(b'"deep"', deep.encode())
        app.once("data", saying(sse(begun("event1")) + event))
        with pytest.raises(ProtocolError, match="nested too deeply"):
            await space.call("/hold", text="x")


class Moody(httpx.AsyncHTTPTransport):
    """A transport of the caller's own."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.refused and self.refused in request.url.path:
            raise LookupError("not today")
        return await super().handle_async_request(request)


@pytest.mark.parametrize("path", ["queue/join", "queue/data", "upload"])
async def test_what_a_client_of_the_callers_raises_is_an_error_of_one_call(path: str) -> None:
    moody = Moody()
    client = httpx.AsyncClient(transport=moody)
    async with client, faulty(http_client=client) as (app, space):
        async with space.call("/hold", text="y") as held_job:
            await until(lambda: bool(app.asked("data")))
            moody.refused = path
            with pytest.raises(SpaceError, match="not today") as caught:
                await space.call("/file", file=b"x")
            assert isinstance(caught.value.__cause__, LookupError)
            assert not held_job.done
        moody.refused = ""
