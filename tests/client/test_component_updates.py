"""What functions change of components: reached on request, and known to a session's later calls."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import pytest

from spacecall import (
    AppError,
    Call,
    Completed,
    InvalidInputError,
    Output,
    Space,
    SyncSpace,
    Update,
    Updated,
)
from spacecall._client.calls.typed_endpoint import Arguments, TypedEndpoint
from spacecall._client.exchanges.service_call import ProgressSink, open_service_runner
from spacecall._core.redaction import Redactor
from spacecall._io.request_settings import Settings
from spacecall.cassettes import use_cassette
from spacecall.testing import FakeSpace
from tests.clients.protocol_app_6 import ProtocolApp6
from tests.servers import AppServer
from tests.testing.test_fake import JANUS


class PickInputs(Arguments):
    plant: str


PICK = TypedEndpoint[str]("/pick", inputs=PickInputs, output=str, returns=1, schema="", shape="")


async def test_a_function_gets_the_component_as_its_session_changed_it(
    page_app: AppServer,
) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        if "/caption" not in space.endpoints:
            assert space.gradio_version < (6,)
            return
        assert await session.call("/caption", shelf="x") == "shelf"
        await session.call("/rename")
        assert await session.call("/caption", shelf="x") == "library"
        assert await space.call("/caption", shelf="x") == "shelf"


@pytest.mark.parametrize(
    ("endpoint", "call_api"), [("/arrange", False), ("/arrange", True), ("/arrange_now", False)]
)
async def test_updates_of_tabs_rows_and_buttons_come_apart_from_the_outputs(
    page_app: AppServer, endpoint: str, *, call_api: bool
) -> None:
    async with Space(page_app.url) as space:
        types = {entry["id"]: entry["type"] for entry in space.config["components"]}
        call = space.call(endpoint).with_options(call_api=call_api)
        updated = await call.with_updates()
    assert (updated.value, updated.updates) == ("arranged", (Update(has_value=True),))
    assert [(update.component, dict(update.properties)) for update in updated.layout] == [
        ("tabs", {"selected": "two"}),
        ("row", {"visible": False}),
        ("button", {}),
    ]
    assert [types[update.component_id] for update in updated.layout] == ["tabs", "row", "button"]
    assert [update.visible for update in updated.layout] == [None, False, None]


async def test_the_value_alone_is_the_default(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        assert await space.call("/choices", kind="tree") == (None, "tree")
        assert await space.call("/select", kind="fruit") == "apple"


@pytest.mark.parametrize("endpoint", ["/choices", "/choices_now"])
async def test_updates_come_on_request(page_app: AppServer, endpoint: str) -> None:
    async with Space(page_app.url) as space:
        updated = await space.call(endpoint, kind="fruit").with_updates()
    assert updated.value == (None, "fruit")
    changed, plain = updated.updates
    assert changed.choices == ["apple", "pear"]
    assert changed.choice_names == ["apple", "Pear"]
    assert changed.label == "a fruit"
    assert changed.visible is False
    assert changed.interactive is None
    assert not changed.has_value
    assert plain == Update(has_value=True)
    assert (plain.choices, plain.choice_names, plain.label, plain.visible) == (None,) * 4


async def test_an_update_with_a_value_has_both(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        updated = await space.call("/select", kind="tree").with_updates()
        assert updated.value == "oak"
        (update,) = updated.updates
        assert (update.choices, update.has_value) == (["oak"], True)
        skipped = await space.call("/skip").with_updates()
        assert skipped == Updated(None, (Update(),))


async def test_updates_stream_and_are_mapped(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        call = space.call("/choices_first", kind="tree").map(lambda pair: pair[1]).with_updates()
        async with call as job:
            outputs = [event async for event in job if isinstance(event, (Output, Completed))]
        first, last, result = (event.value for event in outputs)
        assert (first.value, first.updates[0].choices) == ("changing", ["oak"])
        assert (
            (last.value, last.updates[0])
            == ("changed", Update())
            == (
                result.value,
                result.updates[0],
            )
        )
        labels = space.call("/choices", kind="tree").with_updates()
        assert await labels.map(lambda updated: updated.updates[0].label) == "a tree"


def test_updates_without_async(page_app: AppServer) -> None:
    with SyncSpace(page_app.url) as space:
        updated = space.call("/choices", kind="tree").with_updates().result()
        assert updated.updates[0].choices == ["oak"]
        assert updated.updates[0].visible is True


async def test_updates_of_a_typed_call(protocol_app_6: AppServer) -> None:
    async with Space(protocol_app_6.url) as space:
        call = ProtocolApp6(space).echo(text="x").with_updates()
        assert_type(call, Call[Updated[str | None]])
        assert await call == Updated("x", (Update(has_value=True),))


async def test_updates_of_a_service_are_empty() -> None:
    async def answer(_: ProgressSink[int], __: Settings) -> int:
        return 5

    async with open_service_runner("", Settings(), lambda _: Redactor()) as runner:
        assert await runner.call("count", answer).with_updates() == Updated(5)


async def test_updates_come_from_a_cassette(page_app: AppServer, tmp_path: Path) -> None:
    for _ in range(2):
        with use_cassette(tmp_path / "updates.yaml", mode="once"):
            async with Space(page_app.url) as space, space.session() as session:
                updated = await session.call("/choices", kind="tree").with_updates()
                assert updated.updates[0].choices == ["oak"]
                assert await session.call("/pick", plant="oak") == "a oak"


async def test_a_fake_space_returns_updates() -> None:
    update = Update({"label": "Answer", "visible": False})
    with FakeSpace(JANUS) as fake:
        fake.returns("/multimodal_understanding", update)
        async with Space("deepseek-ai/Janus-Pro-7B") as space:
            call = space.call("/multimodal_understanding", image=b"GIF89a", question="What?")
            assert await call.with_updates() == Updated(None, (update,))


@pytest.mark.parametrize("endpoint", ["/choices", "/choices_now", "/choices_first"])
@pytest.mark.parametrize("follow", [False, True])
async def test_a_session_knows_the_choices_that_its_calls_have_changed(
    page_app: AppServer, endpoint: str, *, follow: bool
) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        with pytest.raises(InvalidInputError, match="'oak' is not 'seed'"):
            await session.call("/pick", plant="oak")
        if follow:
            async with session.call(endpoint, kind="tree").with_options(every_output=True) as job:
                await job.result()
        else:
            await session.call(endpoint, kind="tree")
        assert await session.call("/pick", plant="oak") == "a oak"
        with pytest.raises(InvalidInputError, match="'pear' is not 'oak'"):
            await session.call("/pick", plant="pear")
        await session.call(endpoint, kind="fruit")
        assert await session.call("/pick", plant="pear") == "a pear"
        with pytest.raises(InvalidInputError, match="'oak' is not one of 'apple', 'pear'"):
            await session.call("/pick", plant="oak")
        # other sessions have the choices of the app
        with pytest.raises(InvalidInputError, match="'pear' is not 'seed'"):
            await space.call("/pick", plant="pear")


async def test_a_typed_call_of_a_session_is_checked_against_the_new_choices(
    page_app: AppServer,
) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        await session.call("/choices", kind="tree")
        assert await PICK.call(session, {"plant": "oak"}) == "a oak"
        with pytest.raises(InvalidInputError, match="'seed' is not 'oak'"):
            await PICK.call(session, {"plant": "seed"})


async def test_a_session_knows_the_limits_and_lists_that_its_calls_have_changed(
    page_app: AppServer,
) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        with pytest.raises(InvalidInputError, match="width"):
            await session.call("/slide", width=50)
        await session.call("/widen", limit=100)
        assert await session.call("/slide", width=50) == 50
        await session.call("/choices_many", kind="fruit")
        assert await session.call("/pick_many", plants=["apple", "pear"]) == "apple, pear"
        with pytest.raises(InvalidInputError, match="seed"):
            await session.call("/pick_many", plants=["seed"])


async def test_the_endpoints_of_a_session_have_its_choices(page_app: AppServer) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        assert session.endpoints == space.endpoints
        await session.call("/choices", kind="tree")
        assert session.endpoints["/pick"].parameters[0].schema == {"enum": ["oak"]}
        assert session.endpoints.keys() == space.endpoints.keys()
        assert session.endpoints["/slide"] == space.endpoints["/slide"]
        assert space.endpoints["/pick"].parameters[0].schema != {"enum": ["oak"]}


def test_a_session_without_async_knows_the_new_choices(page_app: AppServer) -> None:
    with SyncSpace(page_app.url) as space, space.session() as session:
        session.call("/choices", kind="fruit").result()
        assert session.call("/pick", plant="pear").result() == "a pear"


async def test_the_app_and_the_client_agree_on_the_new_choices(page_app: AppServer) -> None:
    async with Space(page_app.url) as space, space.session() as session:
        unchecked = session.with_options(check=False)
        await session.call("/choices", kind="tree")
        assert await unchecked.call("/pick", plant="oak") == "a oak"
        with pytest.raises(AppError, match="not in the list of choices"):
            await unchecked.call("/pick", plant="seed")
