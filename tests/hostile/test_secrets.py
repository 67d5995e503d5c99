"""A server that repeats what it was sent, wherever it can: no secret comes back out."""

from __future__ import annotations

import gc
import json
import logging
import socket
import traceback
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote

import httpx
import httpx2
import pytest

from spacecall import Auth, File, Hooks, Space, SyncSpace
from spacecall.chat import Conversation
from spacecall.errors import (
    AppError,
    AuthError,
    InvalidInputError,
    ProtocolError,
    SpaceError,
    SpaceStateError,
    StatusError,
    TransportError,
)
from spacecall.events import Log, Progress
from spacecall.inference import HuggingFaceInference
from spacecall.options import Retry, Timeouts, ZeroGPU
from spacecall.tickets import Ticket
from tests.hostile.server import PREFIX, SSE_HEAD, HostileServer, Request, Route, event, http

TOKEN = "hf_" + "T" * 24
PASSWORD = "P" * 24
HEADER = "H" * 24
QUOTA = "Z" * 24
COOKIE = "C" * 24
SECRETS = {"token": TOKEN, "password": PASSWORD, "header": HEADER, "quota": QUOTA, "cookie": COOKIE}
AUTH = Auth(token=TOKEN, username="me", password=PASSWORD, hosts=["127.0.0.1"])
HEADERS = {"x-key": HEADER}
ONCE = Retry(attempts=1)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "lower": str.lower,
}


def echoed(request: Request, encode: Callable[[str], str] = str) -> str:
    """All that a request carried, and what its session is called."""
    values = [*request.headers.values(), *request.query.values()]
    if "session_hash" in request.body.decode(errors="replace"):
        values.append(str(request.json()["session_hash"]))
    return " ".join(map(encode, values))


def shown(error: BaseException) -> str:
    """All that a person or a log may get to see of an error."""
    attributes = {name: value for name, value in vars(error).items() if name != "__notes__"}
    return f"{error} {error!r} {attributes}" + "".join(traceback.format_exception(error))


def assert_no_secret(text: str) -> None:
    for name, secret in SECRETS.items():
        for kind, encode in ENCODINGS.items():
            written = encode(secret).rstrip("=")[:-2]
            assert written not in text, f"the {name} ({kind}) is shown: {text[:2000]}"


def opened(server: HostileServer) -> Space:
    with_cookie = http(server.config, headers=[f"set-cookie: sid={COOKIE}; Path=/"])
    server.routes.setdefault("/config", lambda _request, _socket: with_cookie)
    return Space(server.url, auth=AUTH, headers=HEADERS, retry=ONCE)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "status", ["400 X", "401 X", "403 X", "404 X", "413 X", "422 X", "429 X", "500 X", "503 X"]
)
async def test_an_error_status_does_not_repeat_them(status: str, encoding: str) -> None:
    encode = ENCODINGS[encoding]

    def join(request: Request, _socket: socket.socket) -> bytes:
        return http({"detail": f"you sent {echoed(request, encode)}"}, status)

    with HostileServer(routes={f"{PREFIX}/queue/join": join}) as server:
        async with opened(server) as space, space.session() as session:
            call = session.call("/predict", x="hi").with_options(zero_gpu=ZeroGPU(token=QUOTA))
            with pytest.raises(StatusError) as caught:
                await call
            sent = next(sent for sent in server.requests if sent.path.endswith("/join"))
            assert all(
                secret in echoed(sent) for name, secret in SECRETS.items() if name != "password"
            )
            assert_no_secret(shown(caught.value))
            assert session.session_hash not in shown(caught.value)
            assert "…" in caught.value.body


BODIES: dict[str, Callable[[str], str]] = {
    "FastAPI's": lambda echo: json.dumps({"detail": [{"loc": [echo], "msg": echo}, echo, [echo]]}),
    "HTML": lambda echo: f"<html><b>{echo}</b></html>",
    "long": lambda echo: "x" * 290 + echo,
    "broken JSON": lambda echo: f"{{broken {echo}",
}


@pytest.mark.parametrize("shape", BODIES)
async def test_nor_does_a_body_of_any_shape(shape: str) -> None:
    def join(request: Request, _socket: socket.socket) -> bytes:
        kind = "text/html" if shape == "HTML" else "application/json"
        return http(BODIES[shape](echoed(request)), "422 X", kind)

    with HostileServer(routes={f"{PREFIX}/queue/join": join}) as server:
        async with opened(server) as space:
            with pytest.raises(InvalidInputError) as caught:
                await space.call("/predict", x="hi")
    assert_no_secret(shown(caught.value))


async def test_a_failed_login_does_not_repeat_the_password() -> None:
    def login(request: Request, _socket: socket.socket) -> bytes:
        form = parse_qs(request.body.decode())
        basic = b64encode(f"me:{PASSWORD}".encode()).decode()
        return http({"detail": f"no user with {form} {basic} {request.body!r}"}, "500 X")

    with HostileServer() as server:
        server.routes["/config"] = lambda _request, _socket: http({"detail": "x"}, "401 X")
        server.routes["/login"] = login
        with pytest.raises(StatusError, match="no user with") as caught:
            await Space(server.url, auth=AUTH, retry=ONCE).__aenter__()
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize("address", ["http://{echo}.example/", "http://a.example/{echo}", "{echo}"])
async def test_a_redirect_does_not_repeat_them(address: str) -> None:
    def moves(request: Request, _socket: socket.socket) -> bytes:
        echo = echoed(request).replace(" ", "").replace("/", "").replace(":", "")
        headers = [f"location: {address.format(echo=echo)}", f"retry-after: {TOKEN}"]
        return http(b"no JSON", "302 Found", f"text/{TOKEN}", headers)

    with HostileServer(routes={"/config": moves}) as server:
        server.routes["*"] = moves
        with pytest.raises(SpaceError) as caught:
            await Space(server.url, auth=AUTH, headers=HEADERS, retry=ONCE).__aenter__()
    assert_no_secret(shown(caught.value))


async def test_what_is_no_json_does_not_repeat_them() -> None:
    with HostileServer() as server:
        server.routes["/config"] = lambda _request, _socket: http("no", content_type=f"a/{TOKEN}")
        with pytest.raises(ProtocolError, match="expected JSON") as caught:
            await Space(server.url, auth=AUTH, retry=ONCE).__aenter__()
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize(
    "raw",
    [
        f"HTTP/1.1 {TOKEN}\r\n\r\n",
        f"{TOKEN}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\n{TOKEN}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{TOKEN}\r\n",
    ],
)
async def test_what_is_no_http_does_not_repeat_them(raw: str) -> None:
    routes: dict[str, Route] = {"/config": lambda _request, _socket: raw.encode()}
    with HostileServer(routes=routes) as server, pytest.raises(SpaceError) as caught:
        await Space(server.url, auth=AUTH, retry=ONCE).__aenter__()
    assert_no_secret(shown(caught.value))


async def test_a_protocol_that_is_called_like_a_secret_is_not_named() -> None:
    with HostileServer() as server:
        server.config["protocol"] = TOKEN
        with pytest.raises(ProtocolError, match="announces the protocol") as caught:
            await Space(server.url, auth=AUTH, on_newer="raise").__aenter__()
        assert_no_secret(shown(caught.value))
        with pytest.warns(UserWarning, match="announces the protocol") as warned:
            async with Space(server.url, auth=AUTH):
                pass
    assert_no_secret("".join(str(warning.message) for warning in warned))


def tells(*messages: Mapping[str, object]) -> HostileServer:
    """An app whose jobs say `messages`; in their texts, {said} is what the request carried."""
    server = HostileServer()

    def stream(request: Request, connection: socket.socket) -> None:
        (event_id,) = server._jobs.pop(request.query["session_hash"])
        echo = json.dumps(echoed(request))[1:-1]
        connection.sendall(SSE_HEAD)
        for message in messages:
            text = json.dumps({**message, "event_id": event_id}).replace("{said}", echo)
            connection.sendall(event(text.encode()))
        connection.sendall(event({"msg": "close_stream", "event_id": None}))

    server.routes[f"{PREFIX}/queue/data"] = stream
    return server


FAILED = {
    "msg": "process_completed",
    "success": False,
    "output": {"error": "you are {said}", "duration": 1},
    "title": "{said}",
}


@pytest.mark.parametrize(
    "end",
    [
        FAILED,
        {**FAILED, "output": {"error": "'<b>{said}</b>'"}},
        {"msg": "process_generating", "success": True, "output": {"data": ["{said}", "too many"]}},
        {"msg": "process_completed", "success": True, "output": {"data": [{"{said}": "{said}"}]}},
        {"msg": "{said}"},
    ],
)
async def test_an_app_that_fails_does_not_repeat_them(end: Mapping[str, object]) -> None:
    with tells({"msg": "process_starts"}, end) as server:
        async with opened(server) as space:
            try:
                async with space.call("/predict", x="hi") as job:
                    async for happened in job:
                        assert "Completed" in type(happened).__name__ or "data" not in end
            except SpaceError as error:
                assert_no_secret(shown(error))


async def test_log_lines_and_progress_do_not_repeat_them_and_results_are_the_apps() -> None:
    messages: list[Mapping[str, object]] = [
        {"msg": "process_starts"},
        {"msg": "log", "log": "you are {said}", "level": "info", "title": "{said}"},
        {"msg": "progress", "progress_data": [{"desc": "{said}", "unit": "{said}", "index": 1}]},
        {"msg": "process_completed", "success": True, "output": {"data": ["{said}"]}},
    ]
    with tells(*messages) as server:
        async with opened(server) as space:
            async with space.call("/predict", x="hi") as job:
                events = [happened async for happened in job]
            result = await job.result()
    quiet = [happened for happened in events if isinstance(happened, (Log, Progress))]
    assert len(quiet) == 2
    assert_no_secret(repr(quiet))
    assert TOKEN in result


def test_nor_without_async() -> None:
    with (
        tells({"msg": "process_starts"}, FAILED) as server,
        SyncSpace(server.url, auth=AUTH, headers=HEADERS) as space,
        pytest.raises(AppError, match="you are") as caught,
    ):
        space.call("/predict", x="hi").result()
    assert_no_secret(shown(caught.value))


async def test_what_a_lent_client_adds_is_a_secret_too() -> None:
    def join(request: Request, _socket: socket.socket) -> bytes:
        return http({"detail": echoed(request)}, "500 X")

    basic = b64encode(f"owner:{PASSWORD}".encode()).decode()
    with HostileServer(routes={f"{PREFIX}/queue/join": join}) as server:
        async with (
            httpx.AsyncClient(auth=("owner", PASSWORD), headers={"x-owner": HEADER}) as client,
            Space(server.url, http_client=client) as space,
        ):
            with pytest.raises(StatusError) as caught:
                await space.call("/predict", x="hi")
    assert basic in echoed(server.requests[-1])
    assert basic not in shown(caught.value)
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
async def test_the_exception_of_a_lent_client_does_not_lead_to_the_headers(library: Any) -> None:
    def hang_up(_request: Request, _socket: socket.socket) -> None:
        """Close the connection without an answer."""

    retries: list[BaseException] = []
    hooks = Hooks(on_retry=lambda details: retries.append(details.error))
    twice = Retry(attempts=2, wait_initial=0, jitter=0)
    with HostileServer(routes={"/config": hang_up}) as server:
        async with library.AsyncClient() as client:
            space = Space(server.url, auth=AUTH, retry=twice, http_client=client, hooks=hooks)
            with pytest.raises(TransportError) as caught:
                await space.open()
    assert len(retries) == 1
    for error in (caught.value, retries[0]):
        assert isinstance(error.__cause__, library.HTTPError)
        with pytest.raises(RuntimeError):
            _ = getattr(error.__cause__, "request")  # noqa: B009
        assert_no_secret(repr(vars(error.__cause__)))


async def test_an_app_error_does_not_repeat_what_a_lent_client_adds() -> None:
    with tells({"msg": "process_starts"}, FAILED) as server:
        async with (
            httpx.AsyncClient(auth=("owner", PASSWORD), headers={"x-owner": HEADER}) as client,
            Space(server.url, http_client=client) as space,
        ):
            with pytest.raises(AppError) as caught:
                await space.call("/predict", x="hi")
    assert b64encode(f"owner:{PASSWORD}".encode()).decode() not in shown(caught.value)
    assert_no_secret(shown(caught.value))


async def test_a_file_that_is_refused_does_not_show_its_signature() -> None:
    def refuses(request: Request, _socket: socket.socket) -> bytes:
        return http({"detail": f"{echoed(request)} {request.target}"}, "403 X")

    names = ("path", "url", "size", "orig_name", "mime_type")
    properties: dict[str, object] = {name: {} for name in names}
    data = {"type": "object", "title": "FileData", "properties": properties}
    with HostileServer(routes={"/f": refuses}) as web, HostileServer() as server:
        server.config["components"][0] = {"id": 1, "type": "file", "props": {"name": "file"}}
        (described,) = server.info["named_endpoints"]["/predict"]["parameters"]
        described |= {"component": "File", "type": data}
        async with opened(server) as space:
            url = web.url.replace("//", f"//me:{PASSWORD}@") + f"/f?X-Sig={HEADER}&t={TOKEN}"
            with pytest.raises(InvalidInputError, match="cannot fetch") as caught:
                await space.call("/predict", x=File(url))
    assert len(web.requests) == 1
    assert_no_secret(shown(caught.value))
    assert b64encode(f"me:{PASSWORD}".encode()).decode() not in shown(caught.value)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", ["400 X", "401 X", "402 X", "429 X", "500 X", "200 OK"])
async def test_inference_does_not_repeat_them(status: str, *, stream: bool) -> None:
    def refuses(request: Request, _socket: socket.socket) -> bytes:
        document = {"error": {"message": f"you are {echoed(request)}", "code": TOKEN}}
        if status == "200 OK" and stream:
            return SSE_HEAD + event(document)
        return http(document, status, headers=[f"x-inference-provider: {TOKEN}"])

    with HostileServer(routes={"/v1/chat/completions": refuses}) as server:
        connecting = HuggingFaceInference.connect(
            server.url, api_key=TOKEN, headers=HEADERS, retry=ONCE, timeouts=Timeouts()
        )
        async with connecting as inference:
            with pytest.raises(SpaceError) as caught:
                await inference.chat("hi", model="a/b", stream=stream)
    assert server.requests
    assert_no_secret(shown(caught.value))


async def test_a_space_that_failed_with_a_secret_does_not_show_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with HostileServer() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        host = http({"subdomain": "a-b", "host": hub.url})
        failed = {"stage": "RUNTIME_ERROR", "errorMessage": f"you are {TOKEN}"}
        hub.routes["/api/spaces/a/b/host"] = lambda _request, _socket: host
        hub.routes["/api/spaces/a/b/runtime"] = lambda _request, _socket: http(failed)
        hub.routes["/config"] = lambda _request, _socket: http("", "503 X")
        with pytest.raises(SpaceStateError, match="you are …") as caught:
            await Space("a/b", auth=AUTH, retry=ONCE).__aenter__()
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize("length", range(0, 300, 7))
def test_a_ticket_that_was_cut_does_not_show_what_is_in_it(length: int) -> None:
    ticket = Ticket("http://a", "/p", TOKEN, "event", {"sid": COOKIE}).to_json()
    if length >= len(ticket):
        assert Ticket.from_json(ticket).session_hash == TOKEN
        return
    with pytest.raises(InvalidInputError, match="this is not a ticket") as caught:
        Ticket.from_json(ticket[:length])
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize(
    "change",
    [
        {"event_id": None},
        {"cookies": [COOKIE]},
        {"cookies": {"sid": {"value": COOKIE}}},
        {"session_hash": {TOKEN: TOKEN}},
    ],
)
def test_a_ticket_of_another_shape_does_not_show_it_either(change: Mapping[str, object]) -> None:
    ticket = {"space": "a", "endpoint": "/p", "session_hash": TOKEN, "event_id": "e"}
    with pytest.raises(InvalidInputError, match="this is not a ticket: ") as caught:
        Ticket.from_json(json.dumps({**ticket, **change}))
    assert_no_secret(shown(caught.value))


def test_a_conversation_that_is_none_does_not_show_it() -> None:
    with pytest.raises(InvalidInputError, match="this is not a conversation") as caught:
        Conversation.from_json(json.dumps({"session_hash": {"a": TOKEN}, "cookies": [COOKIE]}))
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize(
    "source",
    [
        f"http://user:{PASSWORD}@127.0.0.1:1/",
        f"http://user:{PASSWORD}@[::1/",
        f"http://user:{PASSWORD}@host:port/",
        f"http://user:{PASSWORD}/word@host/",
        f"user:{PASSWORD}@host",
        f"//user:{PASSWORD}@host",
        f"ftp://host/?token={PASSWORD}",
        f"http:user:{PASSWORD}@host#{PASSWORD}",
        f"http://{TOKEN}@host",
    ],
)
async def test_credentials_in_an_address_are_neither_shown_nor_repeated(source: str) -> None:
    for space in (Space(source), SyncSpace(source)):
        assert_no_secret(repr(space))
    with pytest.raises(SpaceError) as caught:
        await Space(source, timeouts=Timeouts(connect=1), retry=ONCE).__aenter__()
    assert_no_secret(shown(caught.value))


async def test_credentials_in_the_address_of_the_hub_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://user:{PASSWORD}@127.0.0.1:1/")
    with pytest.raises(InvalidInputError, match="HF_ENDPOINT") as caught:
        await Space("a/b").__aenter__()
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize("host", ["[::1", "ho\u2100st", "host:port"])
async def test_the_url_of_a_file_that_is_none_does_not_show_its_password(host: str) -> None:
    with HostileServer() as server:
        server.config["components"][0] = {"id": 1, "type": "file", "props": {"name": "file"}}
        async with Space(server.url, describe=False) as space:
            with pytest.raises(SpaceError) as caught:
                await space.call("/predict", x=File(f"https://me:{PASSWORD}@{host}/f"))
    assert_no_secret(shown(caught.value))


async def test_the_locals_of_a_traceback_do_not_show_them() -> None:
    refused = http({"detail": "no"}, "500 X")
    with HostileServer() as server:
        server.routes[f"{PREFIX}/queue/join"] = lambda _request, _socket: refused
        async with opened(server) as space:
            with pytest.raises(StatusError) as caught:
                await space.call("/predict", x="hi").with_options(zero_gpu=ZeroGPU(token=QUOTA))
        server.routes["/config"] = lambda _request, _socket: http({}, "401 X")
        server.routes["/login"] = lambda _request, _socket: http({}, "400 X")
        with pytest.raises(AuthError) as refusal:
            await Space(server.url, auth=AUTH, retry=ONCE).__aenter__()
    for error in (caught.value, refusal.value):
        summary = traceback.TracebackException.from_exception(error, capture_locals=True)
        steps = [step for step in (summary, summary.__cause__, summary.__context__) if step]
        frames = [
            frame
            for step in steps
            for frame in step.stack
            if "spacecall" in frame.filename and "hostile" not in frame.filename
        ]
        assert frames
        assert_no_secret(repr([frame.locals for frame in frames]))


async def test_no_log_of_any_level_shows_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def join(request: Request, _socket: socket.socket) -> bytes:
        headers = [f"set-cookie: b={COOKIE}; Path=/", f"x-echo: {echoed(request)}"]
        return http({"detail": echoed(request)}, f"500 {TOKEN}", headers=headers)

    session_hashes: list[str] = []
    with HostileServer(routes={f"{PREFIX}/queue/join": join}) as server:
        async with httpx.AsyncClient() as client:
            for lent in (client, None):
                async with Space(
                    server.url, auth=AUTH, headers=HEADERS, retry=ONCE, http_client=lent
                ) as space:
                    with pytest.raises(StatusError):
                        await space.call("/predict", x="hi")
                    session_hashes.append(server.requests[-1].json()["session_hash"])
    gc.collect()
    text = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "HTTP Request: POST" in text
    assert f"{PREFIX}/queue/join: 500 after " in text
    assert_no_secret(text)
    assert not any(session_hash in text for session_hash in session_hashes)
