"""Whatever an app says of itself, calls end with a value or a `SpaceError`, and only their own."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio import to_thread

from spacecall import Space
from spacecall.errors import SpaceError
from tests.hostile.server import (
    PREFIX,
    SSE_HEAD,
    HostileServer,
    app_config,
    app_info,
    completed,
    event,
    http,
)

HUGE = 10**400
CHARREFS = [
    "&#" + "1" * 5000 + ";",
    "&#x" + "f" * 5000 + ";",
    "&#" + "0" * 5000 + "65;",
    "&#xd800;",
]
NAN, INF = float("nan"), float("inf")
ARGUMENTS: list[Any] = ["x", 5, HUGE, 10**5000, -HUGE, 1e308, INF, [1], {"a": HUGE}, None, "\ud800"]


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


def of_type(type_: Any, **fields: Any) -> dict[str, Any]:
    info = app_info()
    info["named_endpoints"]["/predict"]["parameters"][0].update({"type": type_, **fields})
    return info


def with_props(kind: str, **props: Any) -> dict[str, Any]:
    components: list[Any] = [
        {"id": 1, "type": kind, "props": props},
        {"id": 2, "type": "textbox", "props": {}},
    ]
    return app_config(components=components)


def dependency(**fields: Any) -> dict[str, Any]:
    return app_config(dependencies=[{**app_config()["dependencies"][0], **fields}])


APPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a version of 5,000 digits": (app_config(version="1" * 5000), app_info()),
    "a version of other digits": (app_config(version="\uff16.x"), app_info()),
    "a version that is a number": (app_config(version=HUGE), app_info()),
    "a huge default": (
        app_config(),
        of_type(
            {"type": "number", "maximum": 5}, parameter_has_default=True, parameter_default=HUGE
        ),
    ),
    "a huge minimum": (app_config(), of_type({"type": "number", "minimum": HUGE})),
    "a huge integer": (app_config(), of_type({"type": "integer", "maximum": -HUGE})),
    "a huge slider": (
        with_props("slider", minimum=HUGE, maximum=HUGE + 1, step=HUGE),
        of_type({"type": "number"}, component="Slider"),
    ),
    "bounds that are no numbers": (
        with_props("slider", minimum=NAN, maximum=INF, step=NAN),
        of_type({"type": "number", "minimum": NAN, "maximum": -INF}, component="Slider"),
    ),
    "huge lengths": (app_config(), of_type({"type": "array", "minItems": 1e308, "maxItems": HUGE})),
    "odd ids": (
        app_config(components=[{"id": n, "type": "textbox", "props": {}} for n in (True, HUGE)]),
        app_info(),
    ),
    "a huge function id": (dependency(id=HUGE), app_info()),
    "a huge upload limit": (app_config(max_file_size=HUGE), app_info()),
    "half a character in a name": (
        dependency(api_name="\ud800"),
        {"named_endpoints": {"/\ud800": {"parameters": [], "returns": []}}},
    ),
    "types that do not hash": (
        app_config(),
        of_type({"type": [["x"]], "enum": [{}, [1]], "required": [{}], "const": [{}]}),
    ),
    "types that are no types": (
        app_config(),
        of_type({"type": {"a": 1}, "anyOf": 5, "items": "x"}),
    ),
    "an enum nested in lists": (app_config(), of_type({"enum": nested(300)})),
    "a union nested in lists": (app_config(), of_type({"anyOf": nested(700)})),
    "a schema of itself": (
        app_config(),
        of_type({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}}),
    ),
    "odd names": (
        app_config(),
        {
            "named_endpoints": {
                "/predict": {
                    "parameters": [
                        {"parameter_name": name, "component": "Foo", "type": {}}
                        for name in (
                            "self",
                            "\0",
                            "a\nb",
                            "\u202e",
                            "\ufb01",
                            "x" * 9999,
                            "1",
                            "None",
                        )
                    ],
                    "returns": [],
                }
            }
        },
    ),
    "a remark and choices without end": (
        with_props("dropdown", info="x" * 10**5, choices=[["a", nested(99)]] * 999, label="\ud800"),
        of_type({"type": "string"}, component="Dropdown"),
    ),
}


@pytest.mark.parametrize(("config", "info"), APPS.values(), ids=APPS)
async def test_any_app_is_opened_and_called_or_a_typed_error(
    config: dict[str, Any], info: dict[str, Any]
) -> None:
    server = HostileServer(config=config, info=info)
    with server, anyio.fail_after(60), suppress(SpaceError):
        async with Space(server.url) as space:
            for endpoint in space.endpoints.values():
                assert repr(endpoint)
                for value in ARGUMENTS:
                    arguments = {parameter.name: value for parameter in endpoint.parameters}
                    with suppress(SpaceError):
                        await space.call(endpoint.name, **arguments)


@pytest.mark.parametrize("depth", [150, 600, 900, 960, 980, 1100, 5000, 200_000])
@pytest.mark.parametrize("path", ["/config", f"{PREFIX}/info", f"{PREFIX}/queue/join"])
async def test_any_nesting_is_a_value_or_a_typed_error(path: str, depth: int) -> None:
    deep = b'{"components":' + b"[" * depth + b"]" * depth + b',"dependencies":[]}'
    server = HostileServer(routes={path: lambda _request, _socket: http(deep)})
    with server, suppress(SpaceError):
        async with Space(server.url) as space:
            await space.call("/predict", x="hi")


@pytest.mark.parametrize("depth", [150, 600, 900, 960, 980, 1100, 5000])
async def test_nor_does_an_output_of_any_nesting_raise_anything_else(depth: int) -> None:
    server = HostileServer()

    def stream(request: Any, connection: Any) -> None:
        (event_id,) = server._jobs[request.query["session_hash"]]
        deep = "[" * depth + "]" * depth
        head = f'{{"msg":"process_completed","event_id":"{event_id}","success":true,'
        connection.sendall(SSE_HEAD + event(f'{head}"output":{{"data":[{deep}]}}}}'.encode()))

    server.routes[f"{PREFIX}/queue/data"] = stream
    with server, anyio.fail_after(60):
        async with Space(server.url) as space:
            with suppress(SpaceError):
                await space.call("/predict", x="hi")


@pytest.mark.parametrize("text", CHARREFS, ids=["decimal", "hex", "zeros", "surrogate"])
@pytest.mark.parametrize("path", ["/config", f"{PREFIX}/info", f"{PREFIX}/queue/join"])
async def test_a_character_reference_without_end_is_a_typed_error(path: str, text: str) -> None:
    page = http(f"<html>{text}</html>", "502 Bad Gateway", "text/html")
    server = HostileServer(routes={path: lambda _request, _socket: page})
    with server, pytest.raises(SpaceError):
        async with Space(server.url) as space:
            await space.call("/predict", x="hi")


@pytest.mark.parametrize(
    "message",
    [
        *({"msg": "log", "log": text, "level": "info"} for text in CHARREFS),
        {"msg": "estimation", "rank": HUGE, "queue_size": -HUGE, "rank_eta": HUGE},
        {"msg": "process_starts", "eta": HUGE},
        {"msg": "progress", "progress_data": [{"index": HUGE, "length": 0, "progress": HUGE}]},
        {"msg": "process_generating", "output": {"data": [HUGE]}},
        {"msg": "process_completed", "success": False, "output": {"error": CHARREFS[0]}},
        {
            "msg": "process_completed",
            "success": False,
            "output": {"error": "'" + "\\x00" * 9 + "'"},
        },
        {"msg": "process_completed", "success": True, "output": {"data": [HUGE], "duration": HUGE}},
    ],
)
async def test_a_message_of_one_job_does_not_end_its_neighbour(message: dict[str, Any]) -> None:
    server = HostileServer()

    joined = threading.Event()

    def join(request: Any, socket: Any) -> bytes | None:
        answer = server._answer(request, socket)
        joined.set()
        return answer

    def stream(request: Any, connection: Any) -> None:
        connection.sendall(SSE_HEAD)
        jobs: list[str] = []
        while len(jobs) < 2:  # both have joined
            jobs = list(server._jobs.get(request.query["session_hash"], []))
        connection.sendall(event({**message, "event_id": jobs[0]}))
        for job in jobs:
            connection.sendall(completed(job, ["ok"]))
        connection.sendall(event({"msg": "close_stream", "event_id": None}))

    server.routes.update({f"{PREFIX}/queue/data": stream, f"{PREFIX}/queue/join": join})
    results: list[Any] = []
    with server, anyio.fail_after(60):
        async with Space(server.url) as space, space.session() as session:

            async def follow() -> None:
                with suppress(SpaceError):
                    async with session.call("/predict", x="1") as job:
                        results.append([event async for event in job])

            async with anyio.create_task_group() as group:
                group.start_soon(follow)
                await to_thread.run_sync(joined.wait, 30)  # so that its job is the first
                assert await session.call("/predict", x="2") == "ok"
