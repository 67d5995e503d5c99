"""Generated modules are readable: long defaults, untitled apps, functions of a selection."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spacecall import SchemaDriftError, Space, SyncSpace
from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall.codegen._project.client_builder import add_client
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.testing import FakeSpace
from spacecall.typed import APP_DEFAULT, AppDefault
from tests.codegen.apps import FILE, Function, Slot, app, generated, load, saved
from tests.hostile.server import PREFIX, HostileServer

CORPUS = Path(__file__).parent.parent / "corpus"
TABLE: dict[str, Any] = {
    "title": "Table",
    "type": "object",
    "properties": {
        "headers": {"type": "array", "items": {"type": "string"}},
        "data": {"type": "array", "items": {"type": "array", "items": {}}},
    },
    "required": ["headers", "data"],
}
ROWS: dict[str, Any] = {"headers": ["a", "b"], "data": [[f"row {i}", i] for i in range(5000)]}
PROMPT = "Say something long. " * 100


def slot(component: str, schema: Any, label: str, default: Any) -> Slot:
    return Slot(component, schema, label, label.lower(), default, {"value": default})


def table_app(**changes: Any) -> AppDocuments:
    """An app whose endpoint `/show` has long defaults, and a short one."""
    defaults = {"Rows": ROWS, "Prompt": PROMPT, "Short": "hi", **changes}
    documents = app(
        Function(
            "show",
            [
                slot("Dataframe", TABLE, "Rows", defaults["Rows"]),
                slot("Textbox", {"type": "string"}, "Prompt", defaults["Prompt"]),
                slot("Textbox", {"type": "string"}, "Short", defaults["Short"]),
            ],
        )
    )
    return AppDocuments({**documents.config, "api_prefix": PREFIX}, documents.info)


def client_of(documents: AppDocuments, folder: Path) -> ModuleType:
    return load(generated(documents), folder, "readable_client")


def sent(server: HostileServer) -> Any:
    (body,) = [
        request.json() for request in server.requests if request.path == f"{PREFIX}/queue/join"
    ]
    return body["data"]


@pytest.fixture
def server() -> HostileServer:
    documents = table_app()
    return HostileServer(config=dict(documents.config), info=dict(documents.info))


def test_a_long_default_is_not_in_the_module_and_does_not_change_it() -> None:
    text = generated(table_app())
    assert len(text.splitlines()) < 120
    assert "row 17" not in text
    assert "Say something" not in text
    assert text.count("rows: Table | TableInput | AppDefault = APP_DEFAULT") == 2
    assert text.count('short: str = "hi"') == 3
    assert "rows: Rows; if you leave it out, the app's own default is sent." in text
    without_digest = [
        line
        for line in generated(table_app(Prompt=PROMPT * 2)).splitlines()
        if line in text.splitlines()
    ]
    assert len(without_digest) == len(text.splitlines()) - 2


@pytest.mark.parametrize(("length", "is_long"), [(998, False), (999, True)])
def test_a_default_of_a_thousand_characters_is_written(length: int, *, is_long: bool) -> None:
    assert ("APP_DEFAULT" in generated(table_app(Prompt="x" * length, Rows=None))) is is_long


@pytest.mark.parametrize(("length", "is_long"), [(49, False), (50, True)])
def test_a_default_of_fifty_values_is_written(length: int, *, is_long: bool) -> None:
    whole_numbers = {"type": "array", "items": {"type": "integer"}}
    text = generated(app(Function("f", [slot("Custom", whole_numbers, "Numbers", [0] * length)])))
    assert ("APP_DEFAULT" in text) is is_long
    assert len(text.splitlines()) < 240


LONG = "long " * 20_000
NESTED: dict[str, Any] = {
    "title": "Nested",
    "type": "object",
    "properties": {
        f"part {i}": {"type": "object", "properties": {f"p{j}": {} for j in range(10)}}
        for i in range(10)
    },
}
PAIRS = {
    "type": "array",
    "prefixItems": [{"type": "string"}, {"type": "integer"}] * 1000,
    "items": False,
    "minItems": 2000,
    "maxItems": 2000,
}


@pytest.mark.parametrize(
    "documents",
    [
        app(Function(description=LONG)),
        app(Function(LONG)),
        app(Function(inputs=[Slot(label=LONG)], outputs=[Slot(label=LONG)])),
        app(Function(inputs=[Slot(props={"info": LONG})])),
        app(Function(inputs=[Slot(type={"type": "string", "description": LONG})])),
        app(Function(inputs=[Slot(type={"type": "string", "examples": [LONG] * 100})])),
        app(Function(), title=LONG),
        app(Function(inputs=[Slot(type=PAIRS)])),
    ],
    ids=["description", "api_name", "label", "info", "schema", "examples", "title", "tuple"],
)
def test_long_texts_and_tuples_of_an_app_do_not_make_long_modules(documents: AppDocuments) -> None:
    assert len(generated(documents).splitlines()) < 110


def test_an_object_type_is_written_once_for_all_endpoints() -> None:
    functions = [Function(f"f{number}", [Slot(type=NESTED)]) for number in range(20)]
    first, second = (len(generated(app(*functions[:n])).splitlines()) for n in (10, 20))
    assert (second - first) / 10 <= 40
    assert generated(app(*functions)).count("class Nested(AppObject)") == 1


def test_a_file_as_a_default_is_not_sent_from_the_module() -> None:
    file = {"path": "/tmp/gradio/" + "x" * 2000, "meta": {"_type": "gradio.FileData"}}
    text = generated(app(Function("f", [slot("Image", FILE, "Picture", file)])))
    assert "x" * 100 not in text
    assert text.count("AppDefault = APP_DEFAULT") == 2


async def test_the_live_app_s_own_default_is_sent(server: HostileServer, tmp_path: Path) -> None:
    module = client_of(table_app(), tmp_path)
    changed = {**ROWS, "headers": ["c", "d"]}
    server.config["components"][1]["props"]["value"] = changed
    with server:
        async with Space(server.url, describe=False) as space:
            assert await module.Small(space).show() == "ok"
        assert sent(server) == [changed, PROMPT, "hi"]


def test_the_sync_client_sends_it_too_and_an_argument_wins(
    server: HostileServer, tmp_path: Path
) -> None:
    module = client_of(table_app(), tmp_path)
    with server:
        with SyncSpace(server.url, describe=False) as space:
            client = module.SyncSmall(space)
            assert client.show(rows=APP_DEFAULT, prompt="mine").result() == "ok"
        assert sent(server) == [ROWS, "mine", "hi"]


@pytest.mark.parametrize("props", [{}, {"value": None}])
async def test_a_default_that_the_app_lost_is_drift_and_nothing_is_sent(
    server: HostileServer, tmp_path: Path, props: dict[str, Any]
) -> None:
    module = client_of(table_app(), tmp_path)
    server.config["components"][1]["props"] = props
    with server:
        async with Space(server.url, describe=False) as space:
            with pytest.raises(SchemaDriftError, match="rows: the app has no default any more"):
                await module.Small(space).show()
            assert await module.Small(space).show(rows=ROWS) == "ok"


async def test_a_text_in_a_live_default_opens_no_file(
    server: HostileServer, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    module = client_of(table_app(), tmp_path)
    server.config["components"][1]["props"]["value"] = str(secret)
    with server:
        async with Space(server.url, describe=False) as space:
            assert await module.Small(space).show() == "ok"
        assert sent(server)[0] == str(secret)
        assert f"{PREFIX}/upload" not in server.paths()


async def test_a_fake_space_has_the_default_of_its_schemas(tmp_path: Path) -> None:
    added = add_client(table_app(), tmp_path, name="small")
    module = load(added.paths.module.read_text("utf-8"), tmp_path, "readable_client")
    with FakeSpace(added.paths.schemas) as fake:
        async with Space("https://fake.invalid") as space:
            await module.Small(space).show()
        assert fake.calls[0].arguments == {"rows": ROWS, "prompt": PROMPT, "short": "hi"}


def test_the_stand_in_is_read_as_its_name() -> None:
    assert repr(APP_DEFAULT) == "APP_DEFAULT"
    assert APP_DEFAULT is AppDefault.APP_DEFAULT


@pytest.mark.parametrize("title", ["Gradio", ""])
@pytest.mark.parametrize(
    ("source", "heading"),
    [
        ("owner/name", "owner/name"),
        ("http://127.0.0.1:7860", "http://127.0.0.1:7860"),
        ("", "small"),
    ],
)
def test_an_untitled_app_is_called_by_its_source(title: str, source: str, heading: str) -> None:
    text = generated(app(Function(), title=title, source=source))
    assert f'"""Typed client of {heading}."""' in text
    assert f'"""{heading}: its endpoints as async methods.' in text
    assert "of Gradio" not in text


def test_a_titled_app_is_called_by_its_title() -> None:
    text = generated(app(Function(), title="Paint", source="owner/name"))
    assert '"""Typed client of Paint."""' in text


def test_a_function_that_reads_a_selection_says_so() -> None:
    documents = saved(CORPUS / "tictactoe.json")
    endpoints = parse_endpoints(parse_config(documents.config), documents.info)
    assert [endpoint.event_data for endpoint in endpoints.values()] == [True]
    text = " ".join(generated(documents).split())
    remark = "Reads what somebody selects or clicks on the page: pass `with_options(event_data=…)`."
    assert text.count(remark) == 2
    assert remark not in " ".join(generated(app(Function())).split())


def test_a_function_that_takes_a_users_token_says_so() -> None:
    pair = Path(__file__).parent / "drift" / "apps" / "49-user-token"
    documents = json.loads((pair / "after.json").read_text(encoding="utf-8"))
    text = generated(AppDocuments(documents["config"], documents["info"], "owner/name"))
    assert text.count("Requires the token of a Hugging Face user: pass") == 2
    assert text.count("Can use the token of a Hugging Face user: pass") == 2
    assert text.count('oauth="required"') == 1
    assert text.count('oauth="optional"') == 1
