"""Secrets by place: password boxes, parameters with the name of a secret, and their echo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacecall import Space
from spacecall.cassettes import CassetteMissError, SecretFoundError, use_cassette
from spacecall.cassettes._engine.record_modes import RecordMode
from spacecall.cassettes._format.secret_formats import PLACEHOLDER
from spacecall.cassettes._format.secret_names import is_secret_name
from spacecall.cassettes._inspect.recording import read_recording
from spacecall.cassettes._inspect.validation import find_problems
from tests.hostile.server import SSE_HEAD, HostileServer, app_config, app_info, event, http
from tests.hostile.server import Request as ServedRequest

NOWHERE = "http://127.0.0.1:9"
KEY = "a-key-of-mine"
BOX = {"type": "password", "value": "the-default-key"}
PARAMETERS = ("text", "box", "api_key", "pin")


def component(number: int, label: str, **props: Any) -> dict[str, Any]:
    return {"id": number, "type": "textbox", "props": {"name": "textbox", "label": label, **props}}


def vault(outputs: list[Any]) -> HostileServer:
    """An app with secrets among its arguments, and a password box as its second output."""
    components = [
        component(1, "text"),
        component(2, "box", **BOX),
        component(3, "api_key"),
        component(4, "pin"),
        component(5, "Out"),
        component(6, "New password", type="password"),
    ]
    config = app_config(components=components)
    config["dependencies"][0].update(inputs=[1, 2, 3, 4], outputs=[5, 6])
    info = app_info()
    (parameter,) = info["named_endpoints"]["/predict"]["parameters"]
    info["named_endpoints"]["/predict"] = {
        "parameters": [
            {
                **parameter,
                "label": name,
                "parameter_name": name,
                "parameter_has_default": name == "box",
                "parameter_default": BOX["value"] if name == "box" else None,
            }
            for name in PARAMETERS
        ],
        "returns": info["named_endpoints"]["/predict"]["returns"] * 2,
    }
    return HostileServer(config=config, info=info, outputs=outputs)


async def call(address: str, **changes: str) -> Any:
    arguments = {"text": "hi", "box": "box-of-mine", "api_key": KEY, "pin": "123456"} | changes
    async with Space(address) as space:
        return await space.call("/predict", **arguments)


def read_all(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


async def record(path: Path, outputs: list[Any], **changes: str) -> None:
    with vault(outputs) as server, use_cassette(path, mode="once", filter_fields=["pin"]):
        await call(server.url, **changes)


async def test_secret_arguments_and_their_echo_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    echo = f"keys: {KEY}, box-of-mine, 123456"
    await record(path, [echo, "a-new-password"])
    text = read_all(tmp_path)
    for secret in (KEY, "box-of-mine", "123456", "a-new-password", BOX["value"]):
        assert secret not in text
    with use_cassette(path):
        out, password = await call(NOWHERE)
    assert out == f"keys: {PLACEHOLDER}, {PLACEHOLDER}, {PLACEHOLDER}"
    assert password == PLACEHOLDER
    recording = read_recording(path)
    assert not find_problems(recording.exchanges, recording.apps, recording.read_body)


async def test_the_echo_of_a_signature_in_the_query_is_not_written(tmp_path: Path) -> None:
    query = {"__sign": "signature-of-mine", "token": "token-of-mine", "lang": "de"}
    echo = f"{query} de"
    with vault([echo, "x"]) as server, use_cassette(tmp_path / "a.json", mode="once"):
        async with Space(server.url) as space:
            view = space.with_options(query_params=query)
            await view.call("/predict", text="hi", box="b", api_key="k", pin="123456")
    text = read_all(tmp_path)
    assert "signature-of-mine" not in text
    assert "token-of-mine" not in text
    assert "'lang': 'de'} de" in text


async def test_a_secret_in_the_url_of_an_argument_is_not_written_and_any_matches(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    url = "http://b.example/x?access_token="
    await record(path, [f"see {url}t0ken-of-mine&page=2", "x"], text=f"{url}t0ken-of-mine")
    assert "t0ken-of-mine" not in read_all(tmp_path)
    with use_cassette(path):
        out, _ = await call(NOWHERE, text=f"{url}another")
    assert out == f"see {url}{PLACEHOLDER}&page=2"


async def test_any_secret_matches_a_recorded_one_and_other_arguments_do_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    await record(path, ["ok", "x"])
    for key in ("", "another key"):
        with use_cassette(path):
            assert await call(NOWHERE, api_key=key, box=key, pin=key) == ("ok", PLACEHOLDER)
    with pytest.raises(CassetteMissError) as caught, use_cassette(path):
        await call(NOWHERE, text="another text", api_key="my other key", box="my other box")
    assert 'body.data[0]: "another text" (recorded: "hi")' in str(caught.value)
    assert "my other" not in str(caught.value)


async def test_a_text_that_contains_the_secret_matches_by_what_is_around_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    await record(path, ["ok", "x"], text="Alice in Wonderland!", api_key="wonderland")
    assert "onderland" not in read_all(tmp_path)
    for text, key in (("Alice in Wonderland!", "wonderland"), ("Alice in Rome!", "another-key")):
        with use_cassette(path):
            assert (await call(NOWHERE, text=text, api_key=key))[0] == "ok"
    for text in ("Bob in Wonderland!", "Alice in Wonderland", "Alice in"):
        with pytest.raises(CassetteMissError), use_cassette(path):
            await call(NOWHERE, text=text, api_key="wonderland")


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("gradio", "the path of a request"),
        ("process_completed", "the kind of a message"),
        ("session", "the name of a field"),
        ("session", "the name of a query parameter"),
        ("application", "a content type"),
    ],
)
async def test_a_secret_that_is_a_word_of_the_protocol_is_refused_at_recording(
    key: str, place: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(SecretFoundError, match="longer and random value") as caught:
        await record(path, ["ok", "x"], api_key=key)
    assert place in caught.value.locations
    assert not path.exists()


@pytest.mark.parametrize("key", ["password", "string", "textbox", "default", "number", "secret"])
async def test_a_secret_that_is_a_common_word_is_recorded_and_replayed(
    key: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    await record(path, ["ok", "x"], api_key=key)
    with use_cassette(path):
        assert (await call(NOWHERE, api_key=key))[0] == "ok"


async def test_an_argument_that_is_a_word_stays_in_the_description_of_the_app(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    await record(path, ["the api_key", "x"], api_key="api_key", box="predict")
    with use_cassette(path):
        assert (await call(NOWHERE))[0] == f"the {PLACEHOLDER}"


@pytest.mark.parametrize("mode", ["all", "rewrite"])
async def test_a_parameter_that_has_become_secret_is_hidden_in_an_older_cassette(
    mode: RecordMode, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    with vault(["ok", "x"]) as server:
        with use_cassette(path, mode="once"):
            await call(server.url)
        server.config["components"][0]["props"]["type"] = "password"
        with use_cassette(path, mode=mode):
            await call(server.url, text="a-secret-by-now")
    assert "a-secret-by-now" not in read_all(tmp_path)


@pytest.mark.parametrize("size", [10, 100_000])
async def test_the_echo_in_a_large_body_is_replaced(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.json"

    def run(_request: ServedRequest, _connection: Any) -> bytes:
        output: dict[str, Any] = {"data": [KEY + "x" * size, "x"], "is_generating": False}
        return http({**output, "duration": 0.1})

    with vault([]) as server, use_cassette(path, mode="once"):
        server.config["dependencies"][0].update(queue=False, types={"generator": False})
        server.routes["/gradio_api/run/predict"] = run
        await call(server.url)
    assert KEY not in read_all(tmp_path)
    with use_cassette(path):
        assert (await call(NOWHERE))[0] == PLACEHOLDER + "x" * size


async def test_an_echo_in_pieces_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    def stream(request: ServedRequest, connection: Any) -> None:
        connection.sendall(SSE_HEAD)
        (event_id,) = server._jobs[request.query["session_hash"]]
        for index, piece in enumerate((KEY[:5], KEY[5:])):
            data: list[Any] = [[["append", [], piece]] if index else piece, None]
            output: dict[str, Any] = {"data": data, "is_generating": True}
            message: dict[str, Any] = {
                "msg": "process_generating",
                "event_id": event_id,
                "output": output,
            }
            connection.sendall(event({**message, "success": True}))
        output = {"data": ["done", None], "is_generating": False}
        message = {"msg": "process_completed", "event_id": event_id, "output": output}
        connection.sendall(event({**message, "success": True}))

    with vault([]) as server:
        server.routes["/gradio_api/queue/data"] = stream
        with pytest.raises(SecretFoundError, match="in pieces"), use_cassette(path, mode="once"):
            await call(server.url)
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    ["api_key", "API key", "OpenAI API key", "apiKey", "hf_token", "Password", "user_password"],
)
def test_names_and_labels_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["text", "max_token", "key", "token_count", "keyword", "secrets"],
)
def test_names_that_are_not_of_secrets(name: str) -> None:
    assert not is_secret_name(name)
