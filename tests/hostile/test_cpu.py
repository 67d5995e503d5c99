"""Little data asks for little work: no app can take the caller's processor, or its event loop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import anyio
import pytest

from spacecall import Space, SyncSpace, Timeouts
from spacecall._client import space as space_module
from spacecall._client.streams import connection
from spacecall.errors import DeadlineError, InvalidInputError, ProtocolError, SpaceError
from tests.core.test_budgets import union
from tests.hostile.server import PREFIX, SSE_HEAD, HostileServer, app_config, app_info

STREAM = f"{PREFIX}/queue/data"
# Seconds, for what takes a moment: all of these took minutes to years.
DEADLINE = 30


def opened_with(input_type: dict[str, Any], **parameter: Any) -> HostileServer:
    info = app_info(input_type=input_type)
    info["named_endpoints"]["/predict"]["parameters"][0].update(parameter)
    assert len(json.dumps(info)) < 8000
    return HostileServer(info=info)


@pytest.mark.parametrize("key", ["anyOf", "oneOf", "allOf"])
async def test_nested_unions_do_not_hold_up_the_event_loop(key: str) -> None:
    schema = union(30, 7, {"enum": ["x"]}, key)
    nothing = {"parameter_has_default": True, "parameter_default": None}
    with opened_with(schema, **nothing) as server, anyio.fail_after(DEADLINE):
        async with Space(server.url) as space:
            assert await space.call("/predict") == "ok"


async def test_an_argument_that_is_too_much_work_to_check_is_refused_and_nothing_is_sent() -> None:
    with opened_with(union(30, 7, {"enum": ["x"]})) as server, anyio.fail_after(DEADLINE):
        async with Space(server.url) as space:
            with pytest.raises(
                InvalidInputError, match="cannot check the value against the app's schema"
            ):
                await space.call("/predict", x="y")
    assert f"{PREFIX}/queue/join" not in server.paths()


def test_nor_does_it_hold_up_a_sync_space() -> None:
    with (
        opened_with(union(30, 7, {"enum": ["x"]})) as server,
        SyncSpace(server.url) as space,
        pytest.raises(InvalidInputError, match="cannot check the value"),
    ):
        space.call("/predict", x="y").result()


@pytest.mark.parametrize("block", [b":\n\n", b"\n", b"\r\n", b"\r", b"event: x\n\n", b"data\n\n"])
async def test_blank_lines_comments_and_empty_events_cost_their_bytes(block: bytes) -> None:
    server = HostileServer()

    def flooded(request: Any, socket: Any) -> None:
        socket.sendall(SSE_HEAD + block * (2**20 // len(block)))
        server.stream(request, socket)

    server.routes[STREAM] = flooded
    with server, anyio.fail_after(DEADLINE):
        async with Space(server.url) as space:
            assert await space.call("/predict", x="hi") == "ok"


async def test_endless_comments_do_not_keep_a_timeout_from_passing() -> None:
    server = HostileServer()

    def endless(_request: Any, socket: Any) -> None:
        socket.sendall(SSE_HEAD)
        while True:
            socket.sendall(b":\n\n" * 20_000)

    server.routes[STREAM] = endless
    with server, anyio.fail_after(DEADLINE):
        async with Space(server.url, timeouts=Timeouts(total=1)) as space:
            with pytest.raises(DeadlineError):
                await space.call("/predict", x="hi")


def generating(edits: list[Any]) -> dict[str, Any]:
    return {"msg": "process_generating", "output": {"data": [edits]}}


@pytest.mark.parametrize(
    ("value", "edit"),
    [
        ([0] * 100_000, ["replace", [0], 1]),
        ([0] * 100_000, ["add", [0], 1]),
        ([0] * 100_000, ["delete", [0], None]),
        ({str(n): n for n in range(50_000)}, ["replace", ["0"], 1]),
    ],
)
async def test_a_message_of_many_edits_copies_a_value_once(value: Any, edit: list[Any]) -> None:
    server = HostileServer()

    def stream(request: Any, socket: Any) -> None:
        (event_id,) = server._jobs[request.query["session_hash"]]
        socket.sendall(SSE_HEAD)
        for data in (value, [edit] * 20_000):
            message = {**generating(data), "event_id": event_id}
            socket.sendall(b"data: " + json.dumps(message).encode() + b"\n\n")
        server.stream(request, socket)

    server.routes[STREAM] = stream
    with server, anyio.fail_after(DEADLINE):
        async with Space(server.url) as space, space.call("/predict", x="hi") as job:
            with suppress(ProtocolError):  # to add 20,000 at the front moves too much
                assert [event async for event in job]


NAMES = [f"p{n}" for n in range(5000)]


def many_endpoints() -> HostileServer:
    dependency = app_config()["dependencies"][0]
    endpoint = app_info()["named_endpoints"]["/predict"]
    dependencies = [{**dependency, "id": n, "api_name": name} for n, name in enumerate(NAMES)]
    info = {"named_endpoints": {f"/{name}": endpoint for name in NAMES}}
    return HostileServer(config=app_config(dependencies=dependencies), info=info)


def equal_names() -> HostileServer:
    parameter: dict[str, Any] = {"parameter_name": "x", "component": "Foo", "type": {}}
    info: dict[str, Any] = {
        "named_endpoints": {"/predict": {"parameters": [parameter] * 20_000, "returns": []}}
    }
    return HostileServer(info=info)


def long_names() -> HostileServer:
    name = "predict" * 20_000
    dependencies = [{**app_config()["dependencies"][0], "api_name": name}]
    return HostileServer(
        config=app_config(dependencies=dependencies), info={"named_endpoints": dict[str, Any]()}
    )


@pytest.mark.parametrize("serve", [many_endpoints, equal_names, long_names])
async def test_opening_and_a_wrong_name_take_a_moment(serve: Callable[[], HostileServer]) -> None:
    with serve() as server, anyio.fail_after(DEADLINE):
        async with Space(server.url) as space:
            with pytest.raises(SpaceError):
                await space.call("/predicd" * 500, x="hi")
            with pytest.raises(SpaceError):
                await space.call("/predict", **{"y" * 5000: 1})


def many_long_parameters() -> HostileServer:
    info = app_info()
    endpoint = info["named_endpoints"]["/predict"]
    (parameter,) = endpoint["parameters"]
    long = [{**parameter, "parameter_name": f"{'a' * 2000}{n}"} for n in range(1000)]
    endpoint["parameters"] = long
    inputs = list(range(10, 1010))
    components: list[dict[str, Any]] = [{"id": n, "type": "textbox", "props": {}} for n in inputs]
    config = app_config()
    config["components"] += components
    config["dependencies"][0]["inputs"] = inputs
    return HostileServer(config=config, info=info)


@pytest.mark.parametrize("serve", [many_endpoints, long_names, many_long_parameters])
async def test_what_an_error_says_is_bounded(serve: Callable[[], HostileServer]) -> None:
    with serve() as server, anyio.fail_after(DEADLINE):
        async with Space(server.url) as space:
            for endpoint, argument in (("/nothing", "x"), ("/predict", "x" * 9000)):
                with pytest.raises(SpaceError) as caught:
                    await space.call(endpoint, **{argument: {"b" * 9000: 1}})
                assert len(caught.value.message) < 8000
                assert len(str(caught.value)) < 5000
                if isinstance(caught.value, InvalidInputError):
                    assert len(caught.value.problems) <= 21
                    assert sum(map(len, caught.value.problems)) < 8000


@pytest.mark.parametrize(
    ("module", "function"), [(space_module, "parse_config"), (connection, "parse_endpoints")]
)
async def test_a_large_document_is_read_in_another_thread(
    module: ModuleType, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: set[int] = set()
    read = getattr(module, function)

    def note(*arguments: Any) -> Any:
        readers.add(threading.get_ident())
        return read(*arguments)

    monkeypatch.setattr(module, function, note)
    large = {**app_config()["dependencies"][0], "inputs": [1] * 100_000}
    config = app_config(dependencies=[large])
    with equal_names() as server, anyio.fail_after(DEADLINE):
        server.config = config
        async with Space(server.url):
            assert readers
    assert threading.get_ident() not in readers


async def test_a_document_that_takes_too_long_to_read_ends_with_its_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading = threading.Event()

    def read_for_ever(_app: object, _info: object) -> None:
        reading.wait(DEADLINE)

    monkeypatch.setattr(connection, "parse_endpoints", read_for_ever)
    with equal_names() as server, anyio.fail_after(DEADLINE):
        with pytest.raises(DeadlineError):
            async with Space(server.url, timeouts=Timeouts(open=0.5)):
                pass
        reading.set()
