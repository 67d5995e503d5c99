"""Lists of choices in a generated module: each under a name, but very long ones nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from spacecall import InvalidInputError, Space, SyncSpace
from spacecall.codegen import drift
from spacecall.codegen._project.client_builder import add_client, build_schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.testing import FakeSpace
from tests.codegen.apps import Function, Slot, app, generated, load, unmarked
from tests.hostile.server import PREFIX, HostileServer

VOICES = [f"voice {number}" for number in range(200)]
LANGUAGES = [f"language {number}" for number in range(200)]
LARGE = [f"large {number}" for number in range(20_000)]
NUMBERS = list(range(100, 1000, 7))


def dropdown(choices: Sequence[Any], name: str = "voice", default: Any = ...) -> Slot:
    schema = {"enum": list(choices), "type": "string"}
    props = {"choices": [[str(choice), choice] for choice in choices]}
    return Slot("Dropdown", schema, name.title(), name, default, props)


def group(choices: Sequence[Any], name: str = "voices") -> Slot:
    schema = {"type": "array", "items": {"enum": list(choices), "type": "string"}}
    props = {"choices": [[str(choice), choice] for choice in choices]}
    return Slot("Checkboxgroup", schema, name.title(), name, [], props)


def thing(choices: Sequence[Any]) -> Slot:
    """A component of somebody's own, which takes an object with choices in it."""
    properties = {"voice": {"enum": list(choices), "type": "string"}}
    schema = {"title": "Thing", "type": "object", "properties": properties}
    return Slot("Custom", schema, "Thing", "thing")


def every_place(choices: Sequence[Any]) -> AppDocuments:
    """An app with the same choices wherever choices can be."""
    return app(
        Function("say", [dropdown(choices, default=choices[0]), group(choices), thing(choices)]),
        Function("sing", [dropdown(choices, default=None), dropdown(NUMBERS, "pitch")]),
        Function("hum", [dropdown(choices, default="none of them")]),
        Function("draw", [], [dropdown(NUMBERS, "pitch"), dropdown(choices)]),
    )


def served(documents: AppDocuments) -> HostileServer:
    config = {**documents.config, "api_prefix": PREFIX}
    return HostileServer(config=config, info=dict(documents.info))


def sent(server: HostileServer) -> list[Any]:
    return [
        request.json()["data"]
        for request in server.requests
        if request.path == f"{PREFIX}/queue/join"
    ]


def aliases(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if ": TypeAlias = Literal[" in line]
    return [line.partition(":")[0] for line in lines]


def test_a_long_list_is_written_once_for_all_that_have_it() -> None:
    text = generated(every_place(VOICES))
    assert aliases(text) == ["Pitch", "Voice"]
    assert text.count('"voice 17"') == 1
    assert len(text.splitlines()) < 270
    assert text.count("voice: Voice = ") == 3
    assert "voices: list[Voice] = []" in text
    assert text.count("voices: Sequence[Voice] = ()") == 2
    assert "voice: Voice | None = None" in text
    assert text.count('voice: Voice | Literal["none of them"]') == 3
    assert "pitch: Pitch | int | float | None" in text
    assert '"Voice",' in text.partition("]")[0], "it can be imported"


def test_a_short_list_has_a_name_on_one_line_and_a_single_value_has_none() -> None:
    text = generated(app(Function("say", [dropdown(["low", "high"])])))
    assert '\nVoice: TypeAlias = Literal["low", "high"]\n' in text
    assert len(re.findall(r"voice: Voice\b(?!\.)", text)) == 3
    assert not aliases(generated(app(Function("say", [dropdown(["low"])]))))


def named(choices: Sequence[tuple[str, Any]], component: str = "Dropdown") -> Slot:
    schema: dict[str, Any] = {"enum": [choice for _, choice in choices], "type": "string"}
    if component == "Checkboxgroup":
        schema = {"type": "array", "items": schema}
    return Slot(component, schema, "Style", "style", props={"choices": [*map(list, choices)]})


@pytest.mark.parametrize("component", ["Dropdown", "Checkboxgroup"])
def test_the_names_of_choices_on_the_page_are_in_the_docstring(component: str) -> None:
    styles = [("Oil painting", "oil"), ('A """ \u202e\nsketch', "pen"), ("None", 3)]
    text = generated(app(Function("draw", [named(styles, component)])))
    assert (
        'Style: TypeAlias = Literal["oil", "pen", 3]\n'
        '"""Choices of `style`. On the app\'s page: "oil": Oil painting; "pen": A \\"\\"\\" sketch'
        '; 3: None."""\n'
    ) in text
    compile(text, "client.py", "exec")


def test_the_names_of_choices_without_an_alias_are_in_the_docstring_of_the_method() -> None:
    text = generated(app(Function("draw", [named([("Half", 0.5), ("Full", 1.5)])])))
    assert text.count("style: Style; 0.5: Half; 1.5: Full.") == 2


def test_choices_that_the_page_shows_as_they_are_have_no_names() -> None:
    text = generated(every_place(VOICES))
    assert '"""Choices of `Voice`."""' in text
    assert "On the app's page" not in text


def test_a_name_that_a_field_of_the_app_has_gets_a_suffix() -> None:
    inputs = [dropdown(["low", "high"]), Slot(name="Voice")]
    text = generated(app(Function("say", inputs)))
    assert aliases(text) == ["VoiceChoice"]
    assert "    Voice: str\n" in text


def test_lists_of_one_name_are_told_apart_in_any_order() -> None:
    functions = [
        Function("say", [dropdown(VOICES)]),
        Function("sing", [dropdown(LANGUAGES)]),
        Function("hum", [dropdown(VOICES)]),
    ]
    expected = ["HumVoice", "SingVoice"]
    assert aliases(generated(app(*functions))) == expected
    assert aliases(generated(app(*reversed(functions)))) == expected
    twice = [dropdown(VOICES, "voice"), dropdown(LANGUAGES, "Voice")]
    names = aliases(generated(app(Function("say", twice))))
    assert len(set(names)) == 2
    assert all(name.startswith("SayVoiceChoice_") for name in names)


def test_a_name_that_somebody_has_is_not_taken(tmp_path: Path) -> None:
    properties: dict[str, Any] = {"VoiceChoice": {}}
    taken = {"title": "VoiceChoice", "type": "object", "properties": properties}
    documents = app(
        Function(
            "VoiceChoice",
            [dropdown(VOICES), Slot("Custom", taken, "VoiceChoice", "VoiceChoice")],
            [dropdown(NUMBERS, "VoiceChoice"), Slot(label="VoiceChoice")],
        )
    )
    module = load(generated(documents), tmp_path, "taken_client")
    endpoint = module._VOICE_CHOICE
    assert endpoint.bind({"voice": "voice 3", "VoiceChoice_": {}}) == ["voice 3", {}]
    with pytest.raises(InvalidInputError, match="voice"):
        endpoint.bind({"voice": "none", "VoiceChoice_": {}})


def test_an_alias_has_exactly_the_app_s_choices(tmp_path: Path) -> None:
    strange = ['"', "'", "\\", "]", "# fmt: on", "\n", "\u202e", "a" * 200, "ü", "", *VOICES]
    module = load(generated(app(Function("say", [dropdown(strange)]))), tmp_path, "strange_client")
    assert list(get_args(module.Voice)) == strange


@pytest.mark.parametrize("choices", [VOICES, LARGE, ["x" * 150, *VOICES, "y" * 150]])
def test_modules_with_long_choices_are_formatted(choices: list[str], tmp_path: Path) -> None:
    written = tmp_path / "client.py"
    written.write_text(unmarked(generated(every_place(choices))), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "--diff"]
    done = subprocess.run([*command, str(written)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("size", "is_listed"), [(19_990, True), (20_010, False)])
def test_lists_of_twenty_thousand_characters_are_written(size: int, *, is_listed: bool) -> None:
    choices = [f"{number:06d}" for number in range(size // 10)]
    text = generated(app(Function("say", [dropdown(choices)])))
    assert ("000017" in text) is is_listed
    assert ("AppChoice[str]" in text) is not is_listed
    assert len(text.splitlines()) < 320


def test_a_very_long_list_is_left_to_the_app() -> None:
    text = generated(every_place(LARGE))
    assert len(text.splitlines()) < 260
    assert "large 17" not in text
    assert 'voice: AppChoice[str] = "large 0"' in text
    assert "voices: Sequence[AppChoice[str]] = ()" in text
    assert "voice: AppChoice[str] | None = None" in text
    remark = "one of the app's choices, too many to list here: the call checks it."
    assert " ".join(text.split()).count(remark) == 8
    longer = generated(every_place([*LARGE, "another"]))
    changed = set(longer.splitlines()) ^ set(text.splitlines())
    assert len(changed) == 4, "the two lines with the schema's sha256"


@pytest.mark.parametrize("choices", [VOICES, LARGE], ids=["listed", "left to the app"])
def test_changed_choices_are_drift(choices: list[str]) -> None:
    pinned = drift.read_pinned_app(build_schema_folder(every_place(choices), "small"))
    live = drift.read_pinned_app(build_schema_folder(every_place(choices[1:]), "small"))
    assert not drift.compare_apps(pinned, pinned)
    assert any(
        "large 0" in str(finding) or "voice 0" in str(finding)
        for finding in drift.compare_apps(pinned, live)
    )


async def test_choices_left_to_the_app_are_those_of_the_running_app(tmp_path: Path) -> None:
    documents = every_place(LARGE)
    module = load(generated(documents), tmp_path, "large_client")
    changed = every_place(["new", *LARGE[1:]])
    with served(changed) as server:
        async with Space(server.url, describe=False) as space:
            client = module.Small(space)
            item = {"voice": "anything"}
            await client.say(voice="new", voices=["new", "large 1"], thing=item)
            for wrong in ({"voice": "large 0"}, {"voices": ["new", "large 0"]}):
                with pytest.raises(InvalidInputError, match="'large 0' is not one of 'new'"):
                    await client.say(**{"voice": "new", "thing": item, **wrong})
            await client.sing(pitch=100)
            with pytest.raises(InvalidInputError, match="voice"):
                await client.sing(voice="large 0", pitch=100)
            unchecked = module.Small(space.with_options(check=False))
            await unchecked.sing(voice="large 0", pitch=100)
        assert sent(server) == [
            ["new", ["new", "large 1"], item],
            [None, 100],
            ["large 0", 100],
        ]


def test_the_sync_client_checks_them_too(tmp_path: Path) -> None:
    documents = every_place(LARGE)
    module = load(generated(documents), tmp_path, "large_client")
    with served(documents) as server, SyncSpace(server.url, describe=False) as space:
        client = module.SyncSmall(space)
        with pytest.raises(InvalidInputError, match="is not one of 'large 0'"):
            client.hum(voice="nothing").result()
        assert client.hum(voice="large 19999").result() == "ok"


async def test_an_app_that_came_to_take_any_text_gets_any(tmp_path: Path) -> None:
    documents = every_place(LARGE)
    module = load(generated(documents), tmp_path, "large_client")
    server = served(documents)
    for component in server.config["components"]:
        component["props"]["allow_custom_value"] = True
    with server:
        async with Space(server.url, describe=False) as space:
            assert await module.Small(space, on_drift="raise").hum(voice="anything") == "ok"


async def test_a_fake_space_has_the_choices_of_its_schemas(tmp_path: Path) -> None:
    added = add_client(every_place(LARGE), tmp_path, name="small")
    module = load(added.paths.module.read_text("utf-8"), tmp_path, "large_client")
    with FakeSpace(added.paths.schemas):
        async with Space("https://fake.invalid") as space:
            await module.Small(space).hum(voice="large 3")
            with pytest.raises(InvalidInputError, match="is not one of"):
                await module.Small(space).hum(voice="nothing")


def test_choices_of_several_kinds_are_left_to_the_app_with_their_kinds(tmp_path: Path) -> None:
    mixed = [*LARGE, 1, 2.5, True, None]
    text = generated(app(Function("say", [dropdown(mixed)])))
    assert "AppChoice[str | int | float | bool | None]" in text
    module = load(text, tmp_path, "mixed_client")
    assert module._SAY.bind({"voice": 2.5}) == [2.5]
