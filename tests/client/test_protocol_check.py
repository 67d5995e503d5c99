"""The check of an app's protocol: supported, newer, or in need of an extra."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import httpx
import pytest

from spacecall import NewerProtocolWarning, Space, SyncSpace, UnsupportedProtocolError
from tests.faults.stub import stub
from tests.faults.tools import PATIENT, still_works

CONFIG: dict[str, object] = {"version": "3.50.2", "components": [], "dependencies": []}
INFO: dict[str, object] = {"named_endpoints": {}, "unnamed_endpoints": {}}


def announcing(**config: str) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        document = CONFIG | config if request.url.path == "/config" else INFO
        return httpx.Response(200, content=json.dumps(document))

    return answer


async def opened(on_newer: str = "warn", **config: str) -> None:
    transport = httpx.MockTransport(announcing(**config))
    async with (
        httpx.AsyncClient(transport=transport) as client,
        Space("http://app", http_client=client, on_newer=on_newer),  # type: ignore[arg-type]
    ):
        pass


async def test_a_newer_protocol_is_tried_with_a_warning_or_refused() -> None:
    """Both name what is announced and all that is supported."""
    newer = {"version": "9.1.0", "protocol": "sse_v9"}
    announced = (
        r"announces the protocol 'sse_v9' \(Gradio 9\.1\.0\), "
        r"but spacecall supports ws, sse, sse_v1, sse_v2, sse_v2\.1, sse_v3: "
    )
    with pytest.warns(NewerProtocolWarning, match=announced + "trying the newest of these"):
        await opened(**newer)
    with pytest.raises(UnsupportedProtocolError, match=announced + "install a newer spacecall"):
        await opened(on_newer="raise", **newer)


async def test_calls_over_a_newer_protocol_are_made_as_over_the_newest_known_one() -> None:
    async with stub() as app:
        app.config["protocol"] = "sse_v9"
        with pytest.warns(NewerProtocolWarning, match="sse_v9"):
            async with Space(app.url, timeouts=PATIENT) as space:
                await still_works(space)


async def test_the_warning_shows_the_line_that_names_the_app() -> None:
    transport = httpx.MockTransport(announcing(version="9.1.0", protocol="sse_v9"))
    async with httpx.AsyncClient(transport=transport) as client:
        space, line = Space("http://app", http_client=client), line_number()
        with pytest.warns(NewerProtocolWarning) as warnings:
            async with space:
                pass
    assert [(item.filename, item.lineno) for item in warnings] == [(__file__, line)]


def test_the_warning_shows_the_line_without_async_too() -> None:
    transport = httpx.MockTransport(announcing(version="9.1.0", protocol="sse_v9"))
    client = httpx.AsyncClient(transport=transport)
    space, line = SyncSpace("http://app", http_client=client), line_number()
    with pytest.warns(NewerProtocolWarning) as warnings, space:
        pass
    assert [(item.filename, item.lineno) for item in warnings] == [(__file__, line)]


def line_number() -> int:
    return sys._getframe(1).f_lineno


@pytest.mark.parametrize("kind", [Space, SyncSpace])
def test_another_choice_for_newer_protocols_is_refused(
    kind: Callable[..., Space | SyncSpace],
) -> None:
    with pytest.raises(ValueError, match="must be 'warn' or 'raise', got 'error'"):
        kind("http://app", on_newer="error")


async def test_websockets_need_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wsproto", None)
    with pytest.raises(UnsupportedProtocolError, match=r"install spacecall\[ws\]"):
        await opened()


@pytest.mark.parametrize("name", ["", "sse", "sse_v1", "sse_v2", "sse_v2.1", "sse_v3"])
async def test_known_ones_are_opened_without_a_word(name: str) -> None:
    await opened(version="4.44.1", protocol=name)
