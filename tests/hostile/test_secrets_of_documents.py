"""Secrets that an app, the Hub, a proxy or a file's host repeats in what a client reads first."""

from __future__ import annotations

import logging
import pickle
import socket
import traceback
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from spacecall import Auth, File, SchemaDriftWarning, Space, SyncSpace
from spacecall._client.discovery.app_description import fetch_description
from spacecall.errors import (
    AppError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    SchemaDriftError,
    SpaceError,
    StatusError,
    TransportError,
)
from spacecall.hub import Hub
from spacecall.options import Retry, Timeouts
from spacecall.tickets import Ticket
from spacecall.typed import Arguments, OnDrift, TypedClient, TypedEndpoint
from tests.codegen.apps import FILE
from tests.hostile.server import PREFIX, HostileServer, Request, Route, app_info, http
from tests.hostile.test_files import META, painter, serve

TOKEN = "hf_Zq7Wm2Xk9Lp4Vt8Rb3Nc6Yd"
PASSWORD = "pässwörd-Long9X"
SIGNATURE = "S1gnatureValue77"
AUTH = Auth(token=TOKEN, hosts=["127.0.0.1"])
ONCE = Retry(attempts=1)
SHORT = Timeouts(connect=2, request=5, open=10)


def shown(error: BaseException) -> str:
    """All that a person, a log or another process may get to see of an error."""
    attributes = {name: value for name, value in vars(error).items() if name != "__notes__"}
    text = f"{error} {error!r} {attributes}" + "".join(traceback.format_exception(error))
    return text + pickle.dumps(error).decode("latin-1")


def assert_hidden(text: str, *secrets: str) -> None:
    for secret in secrets or (TOKEN,):
        assert secret.lower()[:-1] not in text.lower(), text[:2000]


def always(answer: Callable[[Request], bytes]) -> dict[str, Route]:
    """Routes that answer everything so."""

    class Everything(dict[str, Route]):
        def get(self, _key: str, _default: object = None) -> Route:
            return lambda request, _socket: answer(request)

    return Everything()


def answering(answer: bytes) -> Route:
    return lambda _request, _socket: answer


SCHEMAS: dict[str, dict[str, Any]] = {
    "enum": {"enum": [TOKEN]},
    "const": {"const": TOKEN},
    "required": {"type": "object", "required": [TOKEN], "properties": {TOKEN: {}}},
    "union": {"anyOf": [{"const": TOKEN}, {"enum": [TOKEN, 1]}]},
}


def demanding(schema: dict[str, Any]) -> HostileServer:
    """An app whose input is JSON, which Gradio hands on as it is."""
    server = HostileServer(info=app_info(input_type=schema))
    server.config["components"][0] = {"id": 1, "type": "json", "props": {"label": "x"}}
    server.info["named_endpoints"]["/predict"]["parameters"][0]["component"] = "Json"
    return server


@pytest.mark.parametrize("kind", SCHEMAS)
async def test_an_argument_that_does_not_fit_a_schema_does_not_show_them(kind: str) -> None:
    with demanding(SCHEMAS[kind]) as server:
        async with Space(server.url, auth=AUTH) as space:
            for value in ("hi", {"a": 1}):
                with pytest.raises(InvalidInputError, match="x: ") as caught:
                    await space.call("/predict", x=value)
                assert_hidden(shown(caught.value))
                with pytest.raises(InvalidInputError) as caught:
                    await space.call("/predict", x=value).detach()
                assert_hidden(shown(caught.value))
                with pytest.raises(InvalidInputError) as caught:
                    async with space.session() as session, session.call("/predict", x=value):
                        pass
                assert_hidden(shown(caught.value))


def test_nor_does_it_without_async() -> None:
    with (
        demanding(SCHEMAS["enum"]) as server,
        SyncSpace(server.url, auth=AUTH) as space,
    ):
        with pytest.raises(InvalidInputError, match="x: ") as caught:
            space.call("/predict", x="hi").result()
        assert_hidden(shown(caught.value))


async def test_names_of_parameters_do_not_show_them() -> None:
    info = app_info()
    info["named_endpoints"]["/predict"]["parameters"][0]["parameter_name"] = TOKEN
    with HostileServer(info=info) as server:
        async with Space(server.url, auth=AUTH) as space:
            with pytest.raises(InvalidInputError, match="x is not a parameter") as caught:
                await space.call("/predict", x="hi")
            assert_hidden(shown(caught.value))
            unnamed: Any = space.call
            with pytest.raises(TypeError, match="given by name") as refused:
                unnamed("/predict", "hi")
            assert_hidden(shown(refused.value))


@pytest.mark.parametrize(("name", "hint"), [(f"/{TOKEN[:-2]}", "did you mean"), ("/a", "it has")])
async def test_names_of_endpoints_do_not_show_them(name: str, hint: str) -> None:
    with HostileServer() as server:
        endpoints = server.info["named_endpoints"]
        endpoints[f"/{TOKEN}"] = endpoints["/predict"]
        again = {**server.config["dependencies"][0], "id": 1, "api_name": TOKEN}
        server.config["dependencies"].append(again)
        async with Space(server.url, auth=AUTH) as space:
            with pytest.raises(NotFoundError, match=hint) as caught:
                await space.call(name)
            assert TOKEN not in shown(caught.value)
            ticket = Ticket(space.url, name, "hash", "event")
            with pytest.raises(NotFoundError, match=hint) as caught:
                await space.collect(ticket)
            assert TOKEN not in shown(caught.value)


class Text(Arguments):
    x: str


ENDPOINT = TypedEndpoint[Any](
    "/predict", inputs=Text, output=str, returns=1, schema="0" * 64, shape="(textbox) -> (json)"
)


class Client(TypedClient):
    def call(self, **arguments: Any) -> Any:
        return self._call(ENDPOINT, **arguments)


@pytest.mark.parametrize("on_drift", ["warn", "raise"])
async def test_drift_does_not_show_them(on_drift: OnDrift) -> None:
    with HostileServer(outputs=["y"]) as server:
        server.config["components"][1]["type"] = TOKEN.lower()
        async with Space(server.url, auth=AUTH, describe=False) as space:
            client = Client(space, on_drift=on_drift)
            if on_drift == "warn":
                with pytest.warns(SchemaDriftWarning, match="…") as warned:
                    await client.call(x="hi")
                assert_hidden("".join(str(warning.message) for warning in warned))
                return
            with pytest.raises(SchemaDriftError, match="…") as caught:
                await client.call(x="hi")
            assert_hidden(shown(caught.value))


@pytest.mark.parametrize("document", [{TOKEN: 1}, [TOKEN], {"version": TOKEN, TOKEN: TOKEN}])
async def test_a_config_that_is_none_does_not_show_them(document: Any) -> None:
    with HostileServer(routes={"/config": lambda _request, _socket: http(document)}) as server:
        with pytest.raises(SpaceError) as caught:
            await Space(server.url, auth=AUTH, retry=ONCE).__aenter__()
        assert_hidden(shown(caught.value))
        with pytest.raises(SpaceError) as caught:
            await fetch_description(server.url, auth=AUTH)
        assert_hidden(shown(caught.value))


HOSTS: dict[str, Mapping[str, Any]] = {
    "a host": {"host": f"http://{TOKEN}.invalid"},
    "a path": {"host": f"http://127.0.0.1:1/{TOKEN}"},
    "no address": {"host": TOKEN},
    "no port": {"host": f"http://{TOKEN}:x/"},
    "another scheme": {"host": f"ftp://{TOKEN}"},
    "credentials": {"host": f"https://me:{TOKEN}@127.0.0.1:1"},
    "another answer": {TOKEN: TOKEN},
}


@pytest.mark.parametrize("host", HOSTS)
async def test_a_host_that_the_hub_names_does_not_show_them(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HostileServer(routes=always(lambda _request: http(HOSTS[host]))) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        with pytest.raises(SpaceError) as caught:
            await Space("a/b", auth=AUTH, retry=ONCE, timeouts=SHORT).__aenter__()
        assert_hidden(shown(caught.value))
        async with Hub(TOKEN, retry=ONCE, timeouts=SHORT) as hub:
            if host not in ("a host", "a path"):  # these are results
                with pytest.raises(SpaceError) as caught:
                    await hub.host("a/b")
                assert_hidden(shown(caught.value))
            for refused in (hub.runtime("a/b"), hub.jwt("a/b"), hub.wait_until_ready("a/b")):
                with pytest.raises(SpaceError) as caught:
                    await refused
                assert_hidden(shown(caught.value))


async def test_a_stage_that_the_hub_tells_does_not_show_them() -> None:
    with HostileServer(routes=always(lambda _request: http({"stage": TOKEN}))) as server:
        async with Hub(TOKEN, server.url, retry=ONCE, timeouts=SHORT) as hub:
            with pytest.raises(DeadlineError, match="a/b is still …") as caught:
                await hub.wait_until_ready("a/b", timeout=0.5)
    assert_hidden(shown(caught.value))


PROXY_PASSWORD = "Pr0xyPassw0rd99"
BASIC = b64encode(f"me:{PROXY_PASSWORD}".encode()).decode()


@pytest.mark.parametrize("way", ["argument", "environment", "client"])
@pytest.mark.parametrize("target", ["http://app.example", "https://app.example"])
@pytest.mark.parametrize("status", ["407 X", "500 X", "302 X", "200 OK", f"500 {PROXY_PASSWORD}"])
async def test_a_proxy_that_repeats_its_password_does_not_get_it_into_an_error(
    status: str,
    target: str,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    def echo(request: Request) -> bytes:
        echo = f"{request.headers['proxy-authorization']} me:{PROXY_PASSWORD}"
        return http(
            {"detail": echo}, status, f"a/{PROXY_PASSWORD}", [f"location: http://{PROXY_PASSWORD}/"]
        )

    with HostileServer(routes=always(echo)) as server:
        proxy = server.url.replace("//", f"//me:{PROXY_PASSWORD}@")
        if way == "environment":
            monkeypatch.setenv("ALL_PROXY", proxy)
        lent = httpx.AsyncClient(proxy=proxy) if way == "client" else None
        space = Space(
            target,
            retry=ONCE,
            timeouts=SHORT,
            proxy=proxy if way == "argument" else None,
            http_client=lent,
        )
        with pytest.raises(SpaceError) as caught:
            await space.__aenter__()
        if lent is not None:
            await lent.aclose()
        assert server.requests
    assert_hidden(shown(caught.value), PROXY_PASSWORD, BASIC)
    assert_hidden(caplog.text, PROXY_PASSWORD, BASIC)


@pytest.mark.parametrize("start", [b"", b"<html>" + b"<b></b>" * 200, "ä".encode()])
@pytest.mark.parametrize("limit", [2**16, 2**16 + 2**14])
async def test_the_cut_of_an_error_s_body_leaves_no_part_of_one(limit: int, start: bytes) -> None:
    for remains in (1, 2, len(TOKEN) // 2, len(TOKEN) - 1):
        padding = b"x" * (limit - len(start) - remains)
        body = start + padding + TOKEN.encode() + b"y" * 20_000
        answer = http(body, "500 X", "text/html" if b"<" in start else "text/plain")
        with HostileServer() as server:
            server.routes[f"{PREFIX}/queue/join"] = answering(answer)
            async with Space(server.url, auth=AUTH, retry=ONCE, describe=False) as space:
                with pytest.raises(StatusError) as caught:
                    await Client(space, on_drift="ignore").call(x="hi")
        assert len(caught.value.body) > 2**15
        assert "hf" not in shown(caught.value).replace("httpx", "")


async def test_an_error_in_upper_case_does_not_show_a_password_with_umlauts() -> None:
    refused = http(f"no user with {PASSWORD.upper()}", "500 X", "text/plain; charset=utf-8")
    routes: dict[str, Route] = {f"{PREFIX}/queue/join": lambda _request, _socket: refused}
    auth = Auth(username="me", password=PASSWORD)
    with HostileServer(routes=routes) as server:
        async with Space(server.url, auth=auth, retry=ONCE) as space:
            with pytest.raises(StatusError, match="no user with …") as caught:
                await space.call("/predict", x="hi")
    assert_hidden(shown(caught.value), PASSWORD)


@pytest.mark.parametrize("status", ["200 OK", "302 X", f"500 {SIGNATURE}"])
@pytest.mark.parametrize("name", ["content-encoding", "content-type", "location", "content-length"])
async def test_a_url_that_cannot_be_fetched_is_an_invalid_input_without_its_signature(
    name: str, status: str
) -> None:
    def answers(_request: Request, _socket: socket.socket) -> bytes:
        value = f"http://127.0.0.1:1/{SIGNATURE}" if name == "location" else SIGNATURE
        return f"HTTP/1.1 {status}\r\n{name}: {value}\r\n\r\n{SIGNATURE}".encode()

    with HostileServer(routes={"/f.png": answers}) as web, serve(painter(FILE), "ok") as server:
        async with Space(server.url, retry=ONCE) as space:
            picture = File(f"{web.url}/f.png?X-Sig={SIGNATURE}")
            if status == "200 OK" and name in ("content-type", "location"):
                assert await space.call("/upscale", image=picture) == "ok"
                return
            with pytest.raises(InvalidInputError, match="cannot fetch") as caught:
                await space.call("/upscale", image=picture)
    assert_hidden(shown(caught.value), SIGNATURE)


async def test_an_answer_that_is_compressed_with_a_secret_does_not_show_it() -> None:
    answer = http({}, headers=[f"content-encoding: {TOKEN}"])
    with (
        HostileServer(routes={"/config": answering(answer)}) as server,
        pytest.raises(ProtocolError, match="compressed with '…'") as caught,
    ):
        await Space(server.url, auth=AUTH, retry=ONCE).__aenter__()
    assert_hidden(shown(caught.value))


async def test_a_file_that_an_app_names_shows_neither_signature_nor_token() -> None:
    with HostileServer(routes=always(lambda _request: http(TOKEN, "403 X"))) as web:
        payload = {"path": f"{web.url}/{TOKEN}/f.png?X-Sig={SIGNATURE}", "meta": META}
        with serve(painter(FILE), payload) as server:
            async with Space(server.url, auth=AUTH, retry=ONCE) as space:
                picture = await space.call("/paint", prompt="")
                assert_hidden(repr(picture), SIGNATURE)
                with pytest.raises(SpaceError, match="cannot fetch") as caught:
                    await picture.read()
    assert_hidden(shown(caught.value), TOKEN, SIGNATURE)


async def test_an_address_that_cannot_be_reached_does_not_show_them() -> None:
    address = f"http://127.0.0.1:1/{TOKEN}"
    with pytest.raises(TransportError) as caught:
        await Space(address, auth=AUTH, retry=ONCE).__aenter__()
    assert caught.value.space == "http://127.0.0.1:1/…"
    assert_hidden(shown(caught.value))


async def test_results_are_the_app_s_own() -> None:
    with HostileServer(outputs=[TOKEN]) as server:
        async with Space(server.url, auth=AUTH) as space:
            assert await space.call("/predict", x="hi") == TOKEN
            with pytest.raises(AppError, match="mapped …"):
                await space.call("/predict", x="hi").map(_raising)


def _raising(value: object) -> None:
    raise AppError(f"mapped {value}")
