"""No cassette contains a secret: known secrets are replaced, probable ones are refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from spacecall import Auth, Space, ZeroGPU
from spacecall._io.interceptor import InterceptedRequest, InterceptedResponse
from spacecall.cassettes import SecretFoundError, use_cassette
from spacecall.cassettes._format.cassette_file import EXTERNAL_FROM, BodyFiles, save_cassette
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.scrubber import Scrubber, find_secrets
from spacecall.cassettes._format.secret_formats import PLACEHOLDER
from spacecall.cassettes._format.server_sent_event import ServerSentEvent
from tests.faults.exchanges import Exchange as StubExchange
from tests.faults.stub import Stub, stub
from tests.servers import GRADIO_6, AppServer, serve

TOKEN = "hf_" + "abcdefghij0123456789"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbU"
NOWHERE = "http://127.0.0.1:9"


def read_all(folder: Path) -> str:
    return "".join(
        path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()
    )


async def test_credentials_are_not_written(protocol_app: AppServer, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "auth": Auth(token=TOKEN, hosts=["127.0.0.1"]),
        "headers": {"cookie": "own=S3CRET", "x-api-key": "S3CRET"},
    }
    path = tmp_path / "cassettes" / "a.json"
    for mode, address in (("once", protocol_app.url), ("none", NOWHERE)):
        with use_cassette(path, mode=mode):  # type: ignore[arg-type]
            async with Space(address, **options) as space:
                call = space.call("/echo", text="hi")
                assert await call.with_options(zero_gpu=ZeroGPU(token=JWT, uuid="S3CRET")) == "hi"
    content = read_all(path.parent)
    assert "echo" in content
    for secret in (TOKEN, JWT, "S3CRET"):
        assert secret not in content


async def test_a_login_is_replayed_without_its_password(tmp_path: Path) -> None:
    path = tmp_path / "cassettes" / "login.json"
    with serve("protocol_app.py", GRADIO_6, env={"AUTH": "ada:S3CRET"}) as app:
        for mode, address in (("once", app.url), ("none", NOWHERE)):
            with use_cassette(path, mode=mode, filter_fields=["username"]):  # type: ignore[arg-type]
                async with Space(address, auth=Auth(username="ada", password="S3CRET")) as space:
                    assert await space.call("/echo", text="hi") == "hi"
    content = read_all(path.parent)
    assert "S3CRET" not in content
    assert f"username={PLACEHOLDER}" in content


async def test_a_cookie_of_the_app_that_it_repeats_is_not_written(tmp_path: Path) -> None:
    cookie = "BR66f0aK-9x_Zq3"
    path = tmp_path / "cassettes" / "a.json"

    async def join(app: Stub, exchange: StubExchange) -> None:
        event_id = await app.accept(exchange)
        output = {"data": [f"cookie: srv={cookie}"]}
        app.session_of(event_id).messages[-1].update(output=output)
        await exchange.answer(
            200, {"event_id": event_id}, headers={"set-cookie": f"srv={cookie}; HttpOnly"}
        )

    with use_cassette(path, mode="once"):
        async with stub() as app, Space(app.url) as space:
            app.once("join", lambda exchange: join(app, exchange))
            assert cookie in await space.call("/echo", text="hi")
    content = read_all(path.parent)
    assert f"cookie: srv={PLACEHOLDER}" in content
    assert cookie not in content


async def test_a_token_in_a_response_or_an_argument_is_refused_with_its_location(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    path = tmp_path / "cassettes" / "a.json"

    async def send_token() -> None:
        with use_cassette(path, mode="once"):
            async with Space(protocol_app.url) as space:
                await space.call("/echo", text=f"my token is {TOKEN}")

    with pytest.raises(SecretFoundError, match="a Hugging Face token in POST ") as caught:
        await send_token()
    assert TOKEN not in str(caught.value)
    assert any("request body.json.data[0]" in line for line in caught.value.locations)
    assert any("event " in line for line in caught.value.locations)
    assert not path.exists()


def test_fields_of_large_bodies_are_scrubbed_too(tmp_path: Path) -> None:
    large = {"rows": ["x" * 100] * 1000, "inner": {"password": "S3CRET"}}
    bodies = BodyFiles(tmp_path / "a.json", Scrubber().scrub_json)
    stored = bodies.store(BytesIO(json.dumps(large).encode()), "application/json; charset=utf-8")
    bodies.save(frozenset({stored["sha256"]}))
    assert json.loads(bodies.read(stored)) == {**large, "inner": {"password": PLACEHOLDER}}
    assert "S3CRET" not in read_all(tmp_path)


SPELLINGS = (
    *("api_key", "apiKey", "api-key", "API_KEY", "password", "passwd", "secret", "token"),
    *("hf_token", "hfToken", "refresh_token", "auth_token", "bearer_token", "accessToken"),
    *("client_secret", "secret-key", "privateKey", "access_key", "Authorization"),
    *("openai_api_key", "OPENAI_API_KEY", "openaiApiKey", "OpenAIApiKey", "x_api_key", "X-API-Key"),
    *("aws_secret_access_key", "aws_session_token", "hugging_face_token", "HUGGINGFACE_TOKEN"),
    *("pwd", "db_password", "credentials", "bearer", "cookie", "Set-Cookie", "passphrase"),
    *("api_token", "HUGGINGFACEHUB_API_TOKEN", "github_token", "id_token"),
)


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_field_with_the_name_of_a_secret_has_none_wherever_it_is(name: str) -> None:
    exchange = Scrubber().scrub_exchange(
        Exchange(
            "POST",
            f"http://a/x?{name}=S3CRET&page=2",
            request_body={"json": {"data": [{"inner": {name: "S3CRET", "n": 1}}]}},
            body={"string": f"{name}=S3CRET&next_page_token=3"},
            events=[
                (0.0, ServerSentEvent.from_json("message", {name: "S3CRET"})),
                (0.0, ServerSentEvent.from_json("message", {"name": name, "value": "S3CRET"})),
                (0.0, ServerSentEvent.from_json("message", f"see http://b/?page=2&{name}=S3CRET.")),
            ],
        )
    )
    assert "S3CRET" not in repr(exchange)
    assert "page=2" in exchange.url
    assert exchange.request_body["json"]["data"][0]["inner"] == {name: PLACEHOLDER, "n": 1}
    assert "next_page_token=3" in exchange.body["string"]


@pytest.mark.parametrize(
    "name", ["eos_token", "max_tokens", "token_type", "key", "monkey", "pwds", "cookies"]
)
def test_a_field_with_another_name_keeps_its_value(name: str) -> None:
    values = [{name: "value"}, {"name": name, "value": "value"}, f"http://b/?{name}=value"]
    assert Scrubber().scrub_json(values) == values


@pytest.mark.parametrize(
    "value",
    [
        {"name": "token"},
        {"key": "token", "value": 3},
        {"name": ["x"], "value": "x"},
        {"token": "Hello", "logprob": -0.1, "top_logprobs": [{"token": "Hi", "logprob": -2}]},
        ["append", [0, "token"], "of a highlighted text"],
        ["append", ["text"], "x"],
        ["append", [], "x"],
        ["delete", ["password"], None],
        ["see", ["password"], "x"],
        [["add"], ["password"], "x"],
        [{}, ["password"], "x"],
        "int x;token=lex(); Tom&token=Jerry, ?token=x",
        "http://b.example/x?page=2, then token=x",
    ],
)
def test_what_only_looks_like_a_secret_field_is_kept(value: Any) -> None:
    assert Scrubber().scrub_json(value) == value


@pytest.mark.parametrize(
    "value",
    [
        {"key": "OPENAI_API_KEY", "name": "OpenAI", "value": "S3CRET"},
        {"name": None, "key": "password", "value": "S3CRET"},
        {"Name": "Set-Cookie", "Value": "S3CRET"},
        {"token": "Hello", "logprob": -0.1, "password": "S3CRET"},
        {"name": "API key", "value": "S3CRET"},
        {"token": "S3CRET", "logprob": "x"},
        ["add", ["password"], "S3CRET"],
        ["add", ["token"], "S3CRET"],
        ["add", ["user", "token"], "S3CRET"],
        ["replace", ["user", "api_key"], "S3CRET"],
        ["append", [0, "hf_token"], "S3CRET"],
        "see HTTPS://b.example/x?api%5Fkey=S3CRET",
        "see https://b.example/x?API+key=S3CRET",
        "see https://b.example/x#access_token=S3CRET&state=1",
        "see http://[::1]:7860/?hf_token=S3CRET",
        "see https://b.example/x(1).png?q=it's,a&a[]=1&token=S3CRET, then",
    ],
)
def test_a_secret_field_in_another_form_is_scrubbed(value: Any) -> None:
    scrubbed = repr(Scrubber().scrub_json(value))
    assert scrubbed == repr(value).replace("S3CRET", PLACEHOLDER)


@pytest.mark.parametrize(
    "text", ['{"u": "URL"}', r'"{\"u\": \"URL\"}"', "[here](URL), then", "URL,Berlin", r"URL\nx"]
)
def test_what_follows_a_url_in_a_text_is_kept(text: str) -> None:
    url = "http://b.example/x?token="
    scrubbed = Scrubber().scrub_json(text.replace("URL", f"{url}S3CRET"))
    assert scrubbed == text.replace("URL", f"{url}{PLACEHOLDER}")


async def test_a_cassette_that_has_a_value_of_such_a_field_still_is_replayed(
    tmp_path: Path,
) -> None:
    """Of an earlier release, which did not remove it."""
    path = tmp_path / "a.json"
    url = "http://a.example/x?refresh_token=old"
    exchange = Exchange("GET", url, status=200, headers=(), body={"string": "yes"})
    save_cassette(path, [exchange], {}, BodyFiles(path))
    with use_cassette(path, mode="none") as cassette:
        player = cassette._player  # pyright: ignore[reportPrivateUsage]
        assert player is not None
        request = InterceptedRequest("GET", url.replace("old", "new"), (), no_chunks())
        response = await player.answer(request, refuse)
        assert b"".join([chunk async for chunk in response.body]) == b"yes"


async def no_chunks() -> AsyncIterator[bytes]:
    return
    yield b""


async def refuse(_: AsyncIterator[bytes]) -> InterceptedResponse:
    raise AssertionError("nothing is sent")


@pytest.mark.parametrize(
    "content", [b'{"rows": [' + b"1, " * 50_000 + b"1]}", b"{" + b"x" * 100_000], ids=["json", "no"]
)
def test_a_large_body_without_secrets_is_stored_unchanged(content: bytes, tmp_path: Path) -> None:
    bodies = BodyFiles(tmp_path / "a.json", Scrubber().scrub_json)
    stored = bodies.store(BytesIO(content), "application/json")
    bodies.save(frozenset({stored["sha256"]}))
    assert bodies.read(stored) == content
    bodies.remove_unused(frozenset())
    assert not (tmp_path / "a.bodies").exists()


@pytest.mark.parametrize(
    ("exchange", "location"),
    [
        (Exchange("GET", f"http://a/x?q={TOKEN}"), "url"),
        (Exchange("GET", "http://a/x", (("x-mine", TOKEN),)), "header x-mine"),
        (Exchange("POST", "http://a/x", (), {"json": {"a": [JWT]}}), "request body.json.a[0]"),
        (Exchange("POST", "http://a/x", (), {"string": f"Bearer {JWT}"}), "request body.string"),
        (
            Exchange("POST", "http://a/x", (), {"parts": [{"filename": f"{TOKEN}.png"}]}),
            "request body.parts[0].filename",
        ),
        (Exchange("GET", "http://a/x", headers=(("x-echo", TOKEN),)), "response header x-echo"),
        (Exchange("GET", "http://a/x", events=[(0, ServerSentEvent("message", TOKEN))]), "event 1"),
        (
            Exchange("GET", "http://a/x", body={"json": {TOKEN: 1}}),
            "response body.json, a field name",
        ),
    ],
    ids=["url", "header", "json", "text", "part", "response header", "event", "name"],
)
def test_a_planted_token_is_found(exchange: Exchange, location: str) -> None:
    lines = list(find_secrets(exchange))
    assert any(line.endswith(f" /x, {location}") for line in lines), lines
    assert TOKEN not in "".join(lines)


BEFORE_KEYS = {
    "JSON in a text": r"\n",
    "a tab": r"\t",
    "a carriage return": r"\r",
    "JSON in JSON": r"\\\\n",
    "JSON in a query": "%5Cn",
    "JSON in a query in a query": "%255Cn",
    "an encoded backslash": r"\u005cn",
    "Unicode": r"\u000a",
    "hexadecimal": r"\x0a",
    "eight digits": r"\U0000000a",
    "octal": r"\012",
    "a colour": "\x1b[32m",
    "colours": "\x1b[1;38;5;208m",
    "a colour in JSON": r"\u001b[32m",
    "a colour in Python": r"\x1b[32m",
    "a colour in octal": r"\033[32m",
    "a colour in a shell": r"\e[32m",
    "a colour in a query": "%1B[32m",
    "a colour without ESC": "[32m",
    "a reset": "\x1b(B",
}


@pytest.mark.parametrize("before", BEFORE_KEYS.values(), ids=[*BEFORE_KEYS])
@pytest.mark.parametrize(
    "key", [f"sk-{'a1' * 12}", f"gsk_{'a1' * 12}", f"Bearer {'a1' * 12}", JWT, TOKEN]
)
def test_a_key_is_found_after_an_escape_or_a_code_of_a_terminal(before: str, key: str) -> None:
    exchange = Exchange("GET", "http://a/x", body={"json": [f"log{before}{key}"]})
    assert any(line.endswith(" /x, response body.json[0]") for line in find_secrets(exchange))


def test_a_key_with_a_code_of_a_terminal_inside_is_found() -> None:
    exchange = Exchange("GET", "http://a/x", body={"json": ["sk-a1\x1b[0m" + "a1" * 12]})
    assert list(find_secrets(exchange))


def test_text_after_an_escape_is_not_a_key() -> None:
    text = r"risk-\nfree \x1b[0mtask-management \tdesk-\u0041rea C:\new\sk-learn"
    assert not list(find_secrets(Exchange("GET", "http://a/x", body={"json": [text]})))


def test_fields_are_scrubbed_wherever_they_are() -> None:
    body = {"json": {"data": [{"Password": "x", "name": "Ada"}], "token": 1}}
    event = ServerSentEvent("message", '{"output":{"api_key":"x"}}')
    scrubbed = Scrubber(["NAME"]).scrub_exchange(
        Exchange(
            "POST",
            "http://me:pw@a/x?token=1&q=2",
            (("Cookie", "c"), ("a", "b"), ("accept", "*/*")),
            body,
            events=[(0, event)],
        )
    )
    assert scrubbed.url == f"http://a/x?token={PLACEHOLDER}&q=2"
    assert scrubbed.request_headers == (
        ("Cookie", PLACEHOLDER),
        ("a", PLACEHOLDER),
        ("accept", "*/*"),
    )
    assert scrubbed.request_body == {
        "json": {"data": [{"Password": PLACEHOLDER, "name": PLACEHOLDER}], "token": 1}
    }
    assert scrubbed.events == [
        (0, ServerSentEvent("message", f'{{"output":{{"api_key":"{PLACEHOLDER}"}}}}'))
    ]


@pytest.mark.parametrize(
    ("fields", "value", "is_kept"),
    [
        ((), {"token": "Ann", "class_or_confidence": "NAME"}, True),
        ((), {"token": "Ann", "class_or_confidence": None}, True),
        ((), {"token": "Ann"}, False),
        ((), {"token": "Ann", "class_or_confidence": None, "user": "ann"}, False),
        ((), {"Token": "Ann", "class_or_confidence": None}, False),
        (("token",), {"token": "Ann", "class_or_confidence": None}, False),
    ],
)
def test_the_token_of_highlighted_text_is_not_a_secret(
    fields: tuple[str, ...], value: dict[str, Any], is_kept: bool
) -> None:
    scrubbed = Scrubber(fields).scrub_json({"data": [[value]]})["data"][0][0]
    hidden = {key: PLACEHOLDER for key in value if key.lower() == "token" and not is_kept}
    assert scrubbed == {**value, **hidden}


def test_a_credential_of_the_caller_is_replaced_in_highlighted_text_too() -> None:
    scrubber = Scrubber()
    scrubber.add_secrets("http://app.test/", ["an-old-secret"])
    value = {"token": "it is an-old-secret", "class_or_confidence": None}
    assert scrubber.scrub_json(value)["token"] == f"it is {PLACEHOLDER}"


def test_an_external_body_is_a_binary_file_that_everybody_reads(tmp_path: Path) -> None:
    bodies = BodyFiles(tmp_path / "a.json")
    stored = bodies.store(BytesIO(b"line \n" * EXTERNAL_FROM), "text/csv")
    hashes = frozenset({str(stored["sha256"])})
    bodies.save(hashes)
    (body,) = (tmp_path / "a.bodies").glob("*.bin")
    assert body.stem == stored["sha256"]
    plain = tmp_path / "plain"
    plain.touch()
    assert body.stat().st_mode == plain.stat().st_mode
    assert (tmp_path / "a.bodies/.gitattributes").read_text() == "*.bin binary\n"
    bodies.remove_unused(hashes)
    assert bodies.read(stored)
    bodies.remove_unused(frozenset())
    assert not (tmp_path / "a.bodies").exists()
