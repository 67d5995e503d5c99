"""Every kind of component, through generated clients and through dynamic calls, on real Gradio."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

import anyio
import pytest

from spacecall import Space
from tests.codegen.live import chats, data, functions, media, names, pictures, values, words
from tests.codegen.live.cases import Case, differs, plain, untyped
from tests.codegen.live.conftest import Components
from tests.servers import GRADIO_5, GRADIO_6

DEADLINE = 20.0

CASES: list[Case] = [
    one
    for table in (words, values, data, pictures, media, chats, functions, names)
    for one in table.CASES
]


@pytest.fixture
def small(request: pytest.FixtureRequest, components: Components) -> tuple[Case, Components]:
    """A case on a Gradio that has it."""
    return request.param, components


@pytest.fixture
async def typed(small: tuple[Case, Components]) -> AsyncGenerator[Any, None]:
    """The generated client of the case's app."""
    one, components = small
    async with Space(components.source(one.app), describe=False) as space:
        yield components.client(one.app).Live(space)


def on_each_gradio(cases: Iterable[Case]) -> pytest.MarkDecorator:
    """Runs a test for each case, on each Gradio that has it."""
    pairs = [
        pytest.param(version, one, id=f"{version}-{one.app}-{one.method}")
        for version in (GRADIO_6, GRADIO_5)
        for one in cases
        if one.only in ("", version[0])
    ]
    return pytest.mark.parametrize(("components", "small"), pairs, indirect=True)


@on_each_gradio(CASES)
async def test_a_typed_call_gives_what_it_promises(
    small: tuple[Case, Components], typed: Any
) -> None:
    one, components = small
    method = getattr(typed, one.method)
    assert inspect.signature(method).return_annotation == f"Call[{one.type}]"
    given = one.arguments(components.client(one.app))
    with anyio.fail_after(DEADLINE):
        async with method(**given) as job:
            seen = [await plain(value) async for value in job.outputs]
            result = await plain(await job.result())
    assert not differs(result, one.gives, strict=True)
    if one.streams is not None:
        assert not differs(seen, list(one.streams), strict=True)


@on_each_gradio([one for one in CASES if not one.typed_only])
async def test_a_dynamic_call_gives_the_same(small: tuple[Case, Components]) -> None:
    one, components = small
    client = components.client(one.app)
    method = inspect.signature(getattr(client.Live, one.method))
    async with Space(components.source(one.app)) as space:
        endpoint = space.endpoints[f"/{one.endpoint or one.method}"]
        wire = dict(
            zip(
                [name for name in method.parameters if name != "self"],
                [parameter.name for parameter in endpoint.parameters],
                strict=True,
            )
        )
        given: Mapping[str, Any] = {
            wire[name]: untyped(value) for name, value in one.arguments(client).items()
        }
        with anyio.fail_after(DEADLINE):
            result = await plain(await space.call(endpoint.name, **given))
    assert not differs(result, one.gives, strict=False)
