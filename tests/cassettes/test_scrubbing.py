"""Nothing secret is in a cassette: what is known is taken out, what is found is refused."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from spacecall import Auth, Space, ZeroGPU
from spacecall.cassettes import SecretError, use_cassette
from spacecall.cassettes._format.cassette_file import Bodies
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.scrubber import GONE, Scrubber, secrets
from spacecall.cassettes._format.server_sent_event import Event
from tests.servers import GRADIO_6, AppServer, serve

TOKEN = "hf_" + "abcdefghij0123456789"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbU"
NOWHERE = "http://127.0.0.1:9"


def everything(folder: Path) -> str:
    return "".join(
        path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()
    )


async def test_credentials_are_not_written(protocol_app: AppServer, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "auth": Auth(token=TOKEN, hosts=["127.0.0.1"]),
        "headers": {"cookie": "own=S3CRET", "x-api-key": "S3CRET"},
    }
    path = tmp_path / "kept" / "a.json"
    for mode, address in (("once", protocol_app.url), ("none", NOWHERE)):
        with use_cassette(path, mode=mode):  # type: ignore[arg-type]
            async with Space(address, **options) as space:
                call = space.call("/echo", text="hi")
                assert await call.with_options(zero_gpu=ZeroGPU(token=JWT, uuid="S3CRET")) == "hi"
    kept = everything(path.parent)
    assert "echo" in kept
    for secret in (TOKEN, JWT, "S3CRET"):
        assert secret not in kept


async def test_a_login_is_replayed_without_its_password(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "login.json"
    with serve("protocol_app.py", GRADIO_6, env={"AUTH": "ada:S3CRET"}) as app:
        for mode, address in (("once", app.url), ("none", NOWHERE)):
            with use_cassette(path, mode=mode, scrub=["username"]):  # type: ignore[arg-type]
                async with Space(address, auth=Auth(username="ada", password="S3CRET")) as space:
                    assert await space.call("/echo", text="hi") == "hi"
    kept = everything(path.parent)
    assert "S3CRET" not in kept
    assert f"username={GONE}" in kept


async def test_a_token_in_an_answer_or_an_argument_is_refused_with_its_place(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    path = tmp_path / "kept" / "a.json"

    async def tell() -> None:
        with use_cassette(path, mode="once"):
            async with Space(protocol_app.url) as space:
                await space.call("/echo", text=f"my token is {TOKEN}")

    with pytest.raises(SecretError, match="a Hugging Face token in POST ") as caught:
        await tell()
    assert TOKEN not in str(caught.value)
    assert any("request body.json.data[0]" in place for place in caught.value.places)
    assert any("event " in place for place in caught.value.places)
    assert not path.exists()


def test_fields_of_large_bodies_are_scrubbed_too(tmp_path: Path) -> None:
    large = {"rows": ["x" * 100] * 1000, "inner": {"password": "S3CRET"}}
    kept = Bodies(tmp_path / "a.json", Scrubber().json)
    stored = kept.keep(BytesIO(json.dumps(large).encode()), "application/json; charset=utf-8")
    kept.save(frozenset({stored["sha256"]}))
    assert json.loads(kept.read(stored)) == {**large, "inner": {"password": GONE}}
    assert "S3CRET" not in everything(tmp_path)


@pytest.mark.parametrize(
    "content", [b'{"rows": [' + b"1, " * 50_000 + b"1]}", b"{" + b"x" * 100_000], ids=["json", "no"]
)
def test_a_large_body_without_secrets_is_kept_as_it_came(content: bytes, tmp_path: Path) -> None:
    kept = Bodies(tmp_path / "a.json", Scrubber().json)
    stored = kept.keep(BytesIO(content), "application/json")
    kept.save(frozenset({stored["sha256"]}))
    assert kept.read(stored) == content
    kept.sweep(frozenset())
    assert not (tmp_path / "a.bodies").exists()


@pytest.mark.parametrize(
    ("exchange", "place"),
    [
        (Exchange("GET", f"http://a/x?q={TOKEN}"), "url"),
        (Exchange("GET", "http://a/x", (("x-mine", TOKEN),)), "header x-mine"),
        (Exchange("POST", "http://a/x", (), {"json": {"a": [JWT]}}), "request body.json.a[0]"),
        (Exchange("POST", "http://a/x", (), {"string": f"Bearer {JWT}"}), "request body.string"),
        (
            Exchange("POST", "http://a/x", (), {"parts": [{"filename": f"{TOKEN}.png"}]}),
            "request body.parts[0].filename",
        ),
        (Exchange("GET", "http://a/x", headers=(("x-echo", TOKEN),)), "answer's header x-echo"),
        (Exchange("GET", "http://a/x", events=[(0, Event("message", TOKEN))]), "event 1"),
        (Exchange("GET", "http://a/x", body={"json": {TOKEN: 1}}), "answer.json, a name"),
    ],
    ids=["url", "header", "json", "text", "part", "answer header", "event", "name"],
)
def test_a_planted_token_is_found(exchange: Exchange, place: str) -> None:
    found = list(secrets(exchange))
    assert any(one.endswith(f" /x, {place}") for one in found), found
    assert TOKEN not in "".join(found)


def test_fields_are_scrubbed_wherever_they_are() -> None:
    body = {"json": {"data": [{"Password": "x", "name": "Ada"}], "token": 1}}
    event = Event("message", '{"output":{"api_key":"x"}}')
    kept = Scrubber(["NAME"]).exchange(
        Exchange(
            "POST",
            "http://me:pw@a/x?token=1&q=2",
            (("Cookie", "c"), ("a", "b"), ("accept", "*/*")),
            body,
            events=[(0, event)],
        )
    )
    assert kept.url == f"http://a/x?token={GONE}&q=2"
    assert kept.request_headers == (("Cookie", GONE), ("a", GONE), ("accept", "*/*"))
    assert kept.request_body == {"json": {"data": [{"Password": GONE, "name": GONE}], "token": 1}}
    assert kept.events == [(0, Event("message", f'{{"output":{{"api_key":"{GONE}"}}}}'))]
