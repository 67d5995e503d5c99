"""The clients of all small apps: type-checked together; on trio; without async."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacecall import File, InvalidInputError, Space, SyncSpace
from spacecall.errors import AppError
from tests.codegen.live.cases import PICTURE, content
from tests.codegen.live.conftest import Components
from tests.type_checks import run_mypy


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """What the other tests do not use."""
    return "trio"


def test_the_clients_of_all_apps_pass_mypy_in_strict_mode(
    components: Components, tmp_path: Path
) -> None:
    for app in components.documents:
        written = tmp_path / "clients" / f"{app.replace('-', '_')}.py"
        written.parent.mkdir(exist_ok=True)
        written.write_text(components.text(app), encoding="utf-8")
    done = run_mypy("clients", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(components.documents)} source files" in done.stdout


async def test_calls_stream_and_carry_files_on_trio_too(components: Components) -> None:
    async with (
        Space(components.source("streams"), describe=False) as space,
        components.client("streams").Live(space).letters(word="abc") as job,
    ):
        assert [letter async for letter in job.outputs] == ["a", "b", "c"]
    async with Space(components.source("files"), describe=False) as space:
        turned = await components.client("files").Live(space).several(files=[PICTURE, b"x"])
        assert [await file.read() for file in turned] == [b"x", content(PICTURE)]


async def test_a_session_keeps_state_and_other_calls_do_not(components: Components) -> None:
    client = components.client("state").Live
    async with Space(components.source("state"), describe=False) as space:
        async with space.session() as session:
            assert await client(session).remember(said="a") == ["a"]
            assert await client(session).remember(said="b") == ["a", "b"]
            assert await client(session).count() == 2
        assert await client(space).count() == 0


async def test_a_conversation_with_files_can_be_sent_back_as_it_came(
    components: Components,
) -> None:
    module = components.client("chat-files")
    async with Space(components.source("chat-files"), describe=False) as space:
        client = module.Live(space)
        message = module.MultimodalData(text="look", files=[File(PICTURE)])
        first = await client.add(message=message)
        second = await client.add(
            message=module.MultimodalData(text="more"), history=first.conversation
        )
        assert len(second.conversation) == 3
        parts = second.conversation[0].content
        file = (parts if components.generation == "5" else parts[0]).file
        assert await file.read() == content(PICTURE)


@pytest.mark.parametrize(
    ("app", "method", "inputs", "message"),
    [
        ("numbers", "multiply", {"real": 1, "limited": 11}, "limited: 11 is more than the maximum"),
        ("numbers", "kinds", {"whole": "1.5"}, "whole: expected a number"),
        ("sliders", "slide", {"steps": 0}, "steps: 0 is less than the minimum of 1"),
        ("radio", "describe", {"mode": "Quick"}, "mode: .*'q', 't'"),
        ("dropdowns", "pick", {"colours": ["pink"]}, r"colours: \[0\]: "),
        ("switches", "turn", {"on": "maybe"}, "on: expected a bool, got str 'maybe'"),
        ("text", "greet", {"name": {"a"}}, r"name: a set cannot be sent as JSON: write list\(…\)"),
        ("functions", "union", {"value": 1, "mode": "c"}, "mode: 'c' is not one of 'a', 'b'"),
    ],
)
async def test_what_does_not_fit_is_said_before_anything_is_sent(
    components: Components, app: str, method: str, inputs: dict[str, Any], message: str
) -> None:
    async with Space(components.source(app), describe=False) as space:
        call = getattr(components.client(app).Live(space), method)
        with pytest.raises(InvalidInputError, match=message):
            await call(**inputs)


async def test_a_value_that_the_apps_validator_refuses_is_an_error_of_the_app(
    components: Components,
) -> None:
    async with Space(components.source("queues"), describe=False) as space:
        with pytest.raises((AppError, InvalidInputError), match="must not be bad"):
            await components.client("queues").Live(space).checked(text="bad")


def test_the_clients_without_async_give_the_same(components: Components) -> None:
    with SyncSpace(components.source("tables"), describe=False) as space:
        weather = components.client("tables").SyncLive(space).weather().result()
        assert weather.data == [["Mon", 1.5]]
    with SyncSpace(components.source("streams"), describe=False) as space:
        result = components.client("streams").SyncLive(space).repeat(word="x", times=2).result()
        assert tuple(result) == ("xx", 2)
