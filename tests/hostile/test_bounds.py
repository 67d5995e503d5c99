"""Servers that answer with too much, packed or not, and servers that never come to an end."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import anyio
import httpx
import pytest

from spacecall import Limits, Retry, Space, SyncSpace, Timeouts
from spacecall._io import app_http_client
from spacecall.errors import DeadlineError, ProtocolError, SpaceError, StatusError
from spacecall.files import File
from spacecall.hub import Hub
from tests.hostile.server import (
    PREFIX,
    SSE_HEAD,
    HostileServer,
    Request,
    Route,
    app_config,
    completed,
    drip,
    http,
)

DEADLINE = 30
HASTY = Timeouts(open=1, connect=1)
ONCE = Retry(attempts=1)
ROOT = Path(__file__).parents[2]


def zeros(mebibytes: int, layers: int = 1) -> bytes:
    """Zeros, compressed so often. One mebibyte is compressed, and stands there so often."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    mebibyte, checksum = bytes(2**20), 0
    block = packer.compress(mebibyte) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(mebibytes):
        checksum = zlib.crc32(mebibyte, checksum)
    trailer = struct.pack("<II", checksum, mebibytes * 2**20)
    packed = gzip.compress(b"")[:10] + block * mebibytes + packer.flush() + trailer
    for _ in range(layers - 1):
        packed = gzip.compress(packed, 9)
    return packed


def answering(content: bytes, coding: str, status: str = "200 OK") -> Route:
    answer = http(content, status, headers=[f"content-encoding: {coding}"])
    return lambda _request, _socket: answer


def drip_head(_request: Request, connection: socket.socket) -> None:
    """A byte of a header now and then."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    with suppress(OSError):
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)


def early_hints(_request: Request, connection: socket.socket) -> None:
    """Informational responses without end."""
    with suppress(OSError):
        while True:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
            time.sleep(0.01)


def headers_without_end(_request: Request, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(b"x-header: value\r\n" * 1000)


def redirect(request: Request, _connection: socket.socket) -> bytes:
    """Lead on without end."""
    return http(b"", "302 Found", headers=[f"location: {request.target}?"])


async def refused(server: HostileServer, timeouts: Timeouts = HASTY) -> SpaceError:
    """The error with which the Space does not open."""
    with server, anyio.fail_after(DEADLINE), pytest.raises(SpaceError) as raised:
        async with Space(server.url, timeouts=timeouts, retry=ONCE):
            pass
    return raised.value


@pytest.mark.parametrize("route", [drip, drip_head, early_hints])
@pytest.mark.parametrize("path", ["/config", f"{PREFIX}/info"])
async def test_opening_ends_in_time(route: Route, path: str) -> None:
    server = HostileServer(routes={path: route})
    url = server.url
    error = await refused(server)
    assert isinstance(error, DeadlineError)
    assert error.phase == "open"
    assert f"waiting for {url}{path}" in error.message


@pytest.mark.parametrize("path", ["/config", "/login"])
async def test_the_login_is_part_of_it(path: str) -> None:
    routes: dict[str, Route] = {
        "/config": lambda _request, _socket: http({"detail": "no"}, "401 Unauthorized")
    }
    routes[path] = drip
    error = await refused(HostileServer(routes=routes))
    assert getattr(error, "phase", getattr(error, "status", None)) in ("open", 401)


async def test_total_bounds_opening_too() -> None:
    error = await refused(HostileServer(routes={"/config": drip}), Timeouts(total=1))
    assert isinstance(error, DeadlineError)
    assert error.phase == "total"


def test_the_sync_twin_opens_in_time() -> None:
    server = HostileServer(routes={"/config": drip})
    with server, pytest.raises(DeadlineError), SyncSpace(server.url, timeouts=HASTY):
        pass


@pytest.mark.parametrize("timeouts", [Timeouts(open=1), Timeouts(total=1)])
async def test_a_description_that_is_read_later_is_bounded(timeouts: Timeouts) -> None:
    server = HostileServer(routes={f"{PREFIX}/info": drip})
    with server, anyio.fail_after(DEADLINE):
        async with Space(server.url, timeouts=timeouts, describe=False) as space:
            with pytest.raises(DeadlineError) as raised:
                await space.call("/predict", x="hi")
    assert raised.value.phase == ("total" if timeouts.total else "open")


async def test_opening_over_the_hub_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileServer(routes={"/api/spaces/owner/name/host": drip}) as server:
        url = server.url
        monkeypatch.setenv("HF_ENDPOINT", url)
        with anyio.fail_after(DEADLINE), pytest.raises(DeadlineError) as raised:
            async with Space("owner/name", timeouts=HASTY, retry=ONCE):
                pass
    assert raised.value.phase == "open"
    assert f"waiting for {url}/api/spaces/owner/name" in raised.value.message


@pytest.mark.parametrize("route", [drip, drip_head, early_hints])
async def test_a_dripped_answer_of_the_hub_ends_in_time(route: Route) -> None:
    with HostileServer(routes={"/api/spaces/owner/name/host": route}) as server:
        async with Hub(endpoint=server.url, timeouts=Timeouts(request=1), retry=ONCE) as hub:
            with anyio.fail_after(DEADLINE), pytest.raises(DeadlineError) as raised:
                await hub.host("owner/name")
    assert raised.value.phase == "request"
    assert "/api/spaces/owner/name/host got no response within 1 s" in raised.value.message


@pytest.mark.parametrize("route", [drip, drip_head, early_hints])
async def test_a_dripped_answer_to_a_join_ends_in_time(route: Route) -> None:
    server = HostileServer(routes={f"{PREFIX}/queue/join": route})
    with server, anyio.fail_after(DEADLINE):
        async with Space(server.url, timeouts=Timeouts(request=1, cancel=0.5)) as space:
            with pytest.raises(DeadlineError) as raised:
                await space.call("/predict", x="hi")
    assert raised.value.phase == "request"


async def test_a_stream_that_does_not_begin_ends_in_time() -> None:
    server = HostileServer(routes={f"{PREFIX}/queue/data": early_hints})
    with server, anyio.fail_after(DEADLINE):
        async with Space(server.url, timeouts=Timeouts(request=1, cancel=0.5)) as space:
            with pytest.raises(DeadlineError) as raised:
                await space.call("/predict", x="hi")
    assert raised.value.phase == "request"


@pytest.mark.parametrize("route", [headers_without_end, redirect])
async def test_headers_and_redirects_end(route: Route) -> None:
    error = await refused(HostileServer(routes={"/config": route}))
    assert not isinstance(error, DeadlineError)


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip, gzip", zeros(64, 2)),
        ("gzip", gzip.compress(b"{}") + gzip.compress(b"") * 1000),
        ("gzip", gzip.compress(b"{}") + b"garbage"),
        ("gzip", gzip.compress(b"{" * 1000)[:-9]),
        ("gzip", b"{}"),
        ("br", b"{}"),
        ("zstd", b"{}"),
    ],
    ids=["twice", "members", "garbage", "cut", "none", "br", "zstd"],
)
@pytest.mark.parametrize("injected", [False, True])
async def test_a_wrongly_compressed_config_is_refused(
    coding: str, content: bytes, injected: bool
) -> None:
    server = HostileServer(routes={"/config": answering(content, coding)})
    async with httpx.AsyncClient(headers={"accept-encoding": "br, zstd"}) as client:
        with server, pytest.raises(ProtocolError):
            async with Space(server.url, http_client=client if injected else None):
                pass


@pytest.mark.parametrize("injected", [False, True])
async def test_short_documents_may_be_compressed(injected: bool) -> None:
    packed = gzip.compress(json.dumps(app_config()).encode())
    server = HostileServer(routes={"/config": answering(packed, "gzip")})
    async with httpx.AsyncClient() as client:
        with server:
            async with Space(server.url, http_client=client if injected else None) as space:
                assert await space.call("/predict", x="hi") == "ok"
    encodings = {request.path: request.headers["accept-encoding"] for request in server.requests}
    assert encodings == {
        "/config": "gzip, deflate",
        f"{PREFIX}/info": "gzip, deflate",
        f"{PREFIX}/app_id": "identity",
        f"{PREFIX}/queue/join": "gzip, deflate",
        f"{PREFIX}/queue/data": "identity",
    }


async def test_a_compressed_error_page_is_still_that_error() -> None:
    server = HostileServer(routes={"/config": answering(zeros(512), "gzip", "500 Oops")})
    error = await refused(server)
    assert isinstance(error, StatusError)
    assert (error.status, len(error.body)) == (500, 2**16)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br"])
async def test_a_compressed_stream_is_refused(coding: str) -> None:
    def stream(_request: Request, connection: socket.socket) -> bytes:
        head = SSE_HEAD.replace(b"\r\n\r\n", f"\r\ncontent-encoding: {coding}\r\n\r\n".encode())
        return head + gzip.compress(b":\n\n" * 1000)

    with HostileServer(routes={f"{PREFIX}/queue/data": stream}) as server:
        async with Space(server.url) as space:
            with pytest.raises(ProtocolError, match=f"compressed with '{coding}'"):
                await space.call("/predict", x="hi")


async def received_file(server: HostileServer, space: Space) -> File:
    """A file that the app gives."""
    data = {"path": "/remote/x", "orig_name": "x.bin", "meta": {"_type": "gradio.FileData"}}
    server.outputs = [data]
    value = await space.call("/predict", x="hi")
    assert isinstance(value, File)
    return value


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
async def test_a_compressed_file_is_refused(coding: str, tmp_path: Path) -> None:
    server = HostileServer(
        routes={f"{PREFIX}/file=/remote/x": answering(zeros(64, 1 + coding.count(",")), coding)}
    )
    with server:
        async with Space(server.url) as space:
            file = await received_file(server, space)
            with pytest.raises(ProtocolError, match="compressed"):
                await file.save(tmp_path)
            with pytest.raises(ProtocolError, match="compressed"):
                await file.read()
    assert not [path async for path in anyio.Path(tmp_path).rglob("*.bin")]


async def test_an_answer_for_which_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: Any) -> NoReturn:
        raise MemoryError

    with HostileServer() as server:
        monkeypatch.setattr(app_http_client, "read_body", exhausted)
        with pytest.raises(ProtocolError, match="does not fit into memory"):
            async with Space(server.url):
                pass
        monkeypatch.undo()
        monkeypatch.setattr(json, "loads", exhausted)
        with pytest.raises(ProtocolError, match="does not fit into memory"):
            async with Space(server.url):
                pass


async def test_a_slow_consumer_of_large_snapshots_gets_the_newest() -> None:
    """20 values of 1 MiB, of which two may wait."""

    def stream(request: Request, connection: socket.socket) -> None:
        (event_id,) = server._jobs.pop(request.query["session_hash"])
        connection.sendall(SSE_HEAD)
        for number in range(20):
            output = {"data": [f"{number}" * 2**19], "is_generating": True}
            message = {"msg": "process_streaming", "event_id": event_id, "output": output}
            connection.sendall(b"data: " + json.dumps(message).encode() + b"\n\n")
        connection.sendall(completed(event_id, ["end"]))

    server = HostileServer(routes={f"{PREFIX}/queue/data": stream})
    with server, anyio.fail_after(DEADLINE):
        async with (
            Space(server.url, limits=Limits(max_buffered_bytes=2**21)) as space,
            space.call("/predict", x="hi") as job,
        ):
            assert await job.result() == "end"
            values = [value async for value in job.outputs]
    assert len(values) <= 3
    assert values[-1] == "end"


def measured(program: str, *arguments: str) -> int:
    """Run a program in a process of its own; the mebibytes that it took at most."""
    search = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return int(search.stdout.split()[-1])


OPENS = """
import anyio, sys
from spacecall import Space, Limits
from spacecall.errors import ProtocolError
async def main():
    try:
        async with Space(sys.argv[1], describe=False): pass
    except ProtocolError: print("refused")
anyio.run(main)
# ru_maxrss of a program begins with that of the process that started it
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_takes_no_memory(layers: int) -> None:
    coding = ", ".join(["gzip"] * layers)
    with HostileServer(routes={"/config": answering(zeros(1024, layers), coding)}) as server:
        assert measured(OPENS, server.url) < 300


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("item", ["[]", '{"":{}}', '{"":0}'])
def test_json_within_the_default_limits_takes_less_than_two_gibibytes(item: str) -> None:
    head = '{"components":[],"dependencies":[],"x":['
    count = (Limits().max_body_bytes - len(head) - 10) // (len(item) + 1)
    body = head + f"{item}," * count + "0]}"
    with HostileServer(routes={"/config": lambda _request, _socket: http(body)}) as server:
        assert measured(OPENS, server.url) < 2048
