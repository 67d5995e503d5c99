"""What a typed client does about an app that is not what the client was generated from."""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, SchemaDriftError, SchemaDriftWarning, Space, SyncSpace
from spacecall.typed import Arguments, OnDrift, SyncTypedClient, TypedClient, TypedEndpoint
from tests.conftest import ServerPool
from tests.servers import GRADIO_5, GRADIO_6, AppServer

SCHEMA = "0" * 64


class TextInput(Arguments):
    text: str


class NumbersInput(Arguments):
    a: float
    b: float = 10


def endpoint(name: str, inputs: type[Arguments], shape: str) -> TypedEndpoint[Any]:
    return TypedEndpoint(name, inputs=inputs, output=Any, returns=1, schema=SCHEMA, shape=shape)


SAME = endpoint("/echo", TextInput, "(textbox) -> (textbox) queued")
CHANGED = endpoint("/echo", TextInput, "(textbox) -> (chatbot) queued streaming")
ONE_MORE = endpoint("/add", TextInput, "(number) -> (number) queued")
WITHOUT = endpoint("/add", NumbersInput, "")


class Client(TypedClient):
    def call(self, endpoint: TypedEndpoint[Any], **arguments: Any) -> Any:
        return self._call(endpoint, **arguments)


class SyncClient(SyncTypedClient):
    def call(self, endpoint: TypedEndpoint[Any], **arguments: Any) -> Any:
        return self._call(endpoint, **arguments)


PROGRAM = """
async def run(space, name="/echo"):
    call = Client(space).call
    return await call(CHANGED if name == "/echo" else OTHER, **ARGUMENTS[name])


def run_sync(space):
    return SyncClient(space).call(CHANGED, **ARGUMENTS["/echo"]).result()
"""


def define_program() -> dict[str, Any]:
    """Return the functions of a program that calls a client, as if it were in app.py."""
    names = {
        "__name__": "app",
        "Client": Client,
        "SyncClient": SyncClient,
        "CHANGED": CHANGED,
        "OTHER": endpoint("/add", NumbersInput, "(number, number) -> (textbox) queued"),
        "ARGUMENTS": {"/echo": {"text": "hi"}, "/add": {"a": 1}},
    }
    exec(compile(PROGRAM, "app.py", "exec"), names)
    return names


LABELS = endpoint("/add", NumbersInput, "(a: number, b: number) -> (number) queued")
REORDERED = endpoint("/add", NumbersInput, "(b: number, a: number) -> (number) queued")


@pytest.fixture
async def fresh(protocol_app: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(protocol_app.url, describe=False) as space:
        yield space


async def test_an_app_that_is_the_same_says_nothing(fresh: Space) -> None:
    for on_drift in ("warn", "raise"):
        assert await Client(fresh, on_drift=on_drift).call(SAME, text="hi") == "hi"


async def test_a_change_is_warned_of_and_the_call_is_made(fresh: Space) -> None:
    with pytest.warns(SchemaDriftWarning) as caught:
        assert await Client(fresh).call(CHANGED, text="hi") == "hi"
    (warning,) = caught
    message = str(warning.message)
    assert (
        "/echo: was (textbox) -> (chatbot) queued streaming, is (textbox) -> (textbox)" in message
    )
    assert fresh.url in message


async def test_it_is_warned_of_once_a_space(fresh: Space, protocol_app: AppServer) -> None:
    client = Client(fresh)
    with pytest.warns(SchemaDriftWarning):
        await client.call(CHANGED, text="hi")
    assert await client.call(CHANGED, text="hi") == "hi"
    async with fresh.session() as session:
        assert await Client(session).call(CHANGED, text="hi") == "hi"
    async with Space(protocol_app.url, describe=False) as second_space:
        with pytest.warns(SchemaDriftWarning):
            await Client(second_space).call(CHANGED, text="hi")


async def test_a_change_can_be_ignored(fresh: Space) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert await Client(fresh, on_drift="ignore").call(CHANGED, text="hi") == "hi"


async def test_a_change_can_raise_each_time(fresh: Space) -> None:
    client = Client(fresh, on_drift="raise")
    for _ in range(2):
        with pytest.raises(SchemaDriftError) as caught:
            await client.call(CHANGED, text="hi")
        assert caught.value.endpoint == "/echo"
        assert caught.value.pinned == SCHEMA
        (line,) = caught.value.differences
        assert line.startswith("/echo: was (textbox) -> (chatbot)")
    assert await client.call(SAME, text="hi") == "hi"


async def test_labels_that_name_arguments_in_another_order_are_a_change(fresh: Space) -> None:
    assert await Client(fresh, on_drift="raise").call(LABELS, a=1, b=2) == 3
    with pytest.warns(SchemaDriftWarning, match="b: number"):
        await Client(fresh).call(REORDERED, a=1, b=2)
    with pytest.raises(SchemaDriftError, match=r"was \(b: number, a: number\) .* is \(a: number"):
        await Client(fresh, on_drift="raise").call(REORDERED, a=1, b=2)


async def test_a_warning_made_an_error_is_raised_each_time(fresh: Space) -> None:
    client = Client(fresh)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SchemaDriftWarning)
        for _ in range(2):
            with pytest.raises(SchemaDriftWarning):
                await client.call(CHANGED, text="hi")


@pytest.mark.parametrize("on_drift", ["ignore", "warn", "raise"])
async def test_another_number_of_inputs_always_raises(on_drift: OnDrift, fresh: Space) -> None:
    with pytest.raises(
        SchemaDriftError, match="the app takes 2 inputs, the client was generated for 1"
    ):
        await Client(fresh, on_drift=on_drift).call(ONE_MORE, text="x")


async def test_arguments_that_do_not_fit_come_first(fresh: Space) -> None:
    with pytest.raises(InvalidInputError):
        await Client(fresh, on_drift="raise").call(CHANGED, texts="x")


async def test_a_client_without_a_shape_compares_nothing(fresh: Space) -> None:
    assert await Client(fresh, on_drift="raise").call(WITHOUT, a=1) == 11


async def test_connect_passes_it_on(protocol_app: AppServer) -> None:
    async with Client.connect(protocol_app.url, on_drift="raise") as client:
        with pytest.raises(SchemaDriftError):
            await client.call(CHANGED, text="hi")
    with pytest.raises(ValueError, match="must be 'ignore', 'warn' or 'raise', got 'explode'"):
        async with Client.connect(protocol_app.url, on_drift="explode"):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            pass


def test_the_synchronous_twin_does_the_same(protocol_app: AppServer) -> None:
    with SyncClient.connect(protocol_app.url, on_drift="raise") as client:
        with pytest.raises(SchemaDriftError):
            client.call(CHANGED, text="hi").result()
        assert client.call(SAME, text="hi").result() == "hi"
    with SyncSpace(protocol_app.url, describe=False) as space, pytest.warns(SchemaDriftWarning):
        assert SyncClient(space).call(CHANGED, text="hi").result() == "hi"
    with pytest.raises(ValueError, match="on_drift"):
        SyncClient(space, on_drift="explode")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_a_change_that_no_call_notices_says_nothing(fresh: Space) -> None:
    direct = endpoint("/echo", TextInput, "(textbox, state) -> (textbox) direct undocumented")
    for on_drift in ("warn", "raise"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert await Client(fresh, on_drift=on_drift).call(direct, text="hi") == "hi"


async def test_the_warning_points_to_the_line_of_the_call(
    fresh: Space, protocol_app: AppServer
) -> None:
    program = define_program()
    with pytest.warns(SchemaDriftWarning) as caught:
        await program["run"](fresh)
    async with Space(protocol_app.url, describe=False) as second:
        with pytest.warns(SchemaDriftWarning) as later:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(program["run"], second)
    assert [(item.filename, item.lineno) for item in (*caught, *later)] == [("app.py", 4)] * 2


def test_the_warning_points_to_the_line_of_a_synchronous_call(protocol_app: AppServer) -> None:
    program = define_program()
    with SyncSpace(protocol_app.url, describe=False) as space, pytest.warns() as caught:
        program["run_sync"](space)
    assert [(item.filename, item.lineno) for item in caught] == [("app.py", 8)]


async def test_each_endpoint_and_space_is_warned_of_once(protocol_app: AppServer) -> None:
    run = define_program()["run"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        async with Space(protocol_app.url, describe=False) as space:
            for name in ("/echo", "/echo", "/add"):
                await run(space, name)
            address = space.url.replace("127.0.0.1", "localhost")
        async with Space(address, describe=False) as space:
            await run(space, "/echo")
    assert [item.category for item in caught] == [SchemaDriftWarning] * 3


@pytest.mark.parametrize("version", [GRADIO_6, GRADIO_5])
async def test_a_generated_client_notices_an_app_that_became_another(
    version: str, app_server: ServerPool, tmp_path: Any
) -> None:
    from spacecall.codegen._schemas.app_documents import fetch_app
    from tests.codegen.apps import generated, load

    old = app_server("changing_app.py", version, env={"VERSION": "1"})
    new = app_server("changing_app.py", version, env={"VERSION": "2"})
    name = f"changing_{version.partition('.')[0]}"
    class_ = load(generated(await fetch_app(old.url), name), tmp_path, name)
    client_of = getattr(class_, f"Changing{version.partition('.')[0]}")
    async with client_of.connect(old.url, on_drift="raise") as client:
        assert await client.count(n=1) == 2
        assert await client.stream(text="a") == "a!"
    async with client_of.connect(new.url) as client:
        with pytest.warns(SchemaDriftWarning, match=r"/count: was \(number\)"):
            assert await client.count(n=1) == 2
        with pytest.warns(SchemaDriftWarning, match="streaming"):
            assert await client.stream(text="a") == "a!"
        with pytest.raises(
            SchemaDriftError, match="the app takes 3 inputs, the client was generated for 2"
        ):
            await client.paint(prompt="x", steps=3)
