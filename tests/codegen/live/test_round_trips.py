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
    case_
    for table in (words, values, data, pictures, media, chats, functions, names)
    for case_ in table.CASES
]


@pytest.fixture
def small(request: pytest.FixtureRequest, components: Components) -> tuple[Case, Components]:
    """A case on a Gradio that has it."""
    return request.param, components


@pytest.fixture
async def typed(small: tuple[Case, Components]) -> AsyncGenerator[Any, None]:
    """The generated client of the case's app."""
    case_, components = small
    async with Space(components.source(case_.app), describe=False) as space:
        yield components.client(case_.app).Live(space)


def on_each_gradio(cases: Iterable[Case]) -> pytest.MarkDecorator:
    """Runs a test for each case, on each Gradio that has it."""
    pairs = [
        pytest.param(version, case_, id=f"{version}-{case_.app}-{case_.method}")
        for version in (GRADIO_6, GRADIO_5)
        for case_ in cases
        if case_.only in ("", version[0])
    ]
    return pytest.mark.parametrize(("components", "small"), pairs, indirect=True)


@on_each_gradio(CASES)
async def test_a_typed_call_gives_what_it_promises(
    small: tuple[Case, Components], typed: Any
) -> None:
    case_, components = small
    method = getattr(typed, case_.method)
    assert inspect.signature(method).return_annotation == f"Call[{case_.type}]"
    inputs = case_.arguments(components.client(case_.app))
    with anyio.fail_after(DEADLINE):
        async with method(**inputs) as job:
            seen = [await plain(value) async for value in job.outputs]
            result = await plain(await job.result())
    assert not differs(result, case_.gives, strict=True)
    if case_.streams is not None:
        assert not differs(seen, list(case_.streams), strict=True)


@on_each_gradio([case_ for case_ in CASES if not case_.typed_only])
async def test_a_dynamic_call_gives_the_same(small: tuple[Case, Components]) -> None:
    case_, components = small
    client = components.client(case_.app)
    method = inspect.signature(getattr(client.Live, case_.method))
    async with Space(components.source(case_.app)) as space:
        endpoint = space.endpoints[f"/{case_.endpoint or case_.method}"]
        wire = dict(
            zip(
                [name for name in method.parameters if name != "self"],
                [parameter.name for parameter in endpoint.parameters],
                strict=True,
            )
        )
        inputs: Mapping[str, Any] = {
            wire[name]: untyped(value) for name, value in case_.arguments(client).items()
        }
        with anyio.fail_after(DEADLINE):
            result = await plain(await space.call(endpoint.name, **inputs))
    assert not differs(result, case_.gives, strict=False)
