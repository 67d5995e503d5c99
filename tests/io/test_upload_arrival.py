"""Uploads that a server still copies when it has answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from spacecall import File, Timeouts
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._io import upload_arrival
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.request_settings import Settings
from spacecall._io.transfers import upload
from spacecall.errors import DeadlineError, ProtocolError
from tests.faults import description
from tests.faults.exchanges import Exchange
from tests.io.tools import SETTINGS, open_app_client, server

LARGE = 2**20
PATIENT = replace(SETTINGS, timeouts=Timeouts(idle=3, upload=20))
HASTY = replace(SETTINGS, timeouts=Timeouts(idle=0.05, upload=20))


def app_of(version: str) -> AppConfig:
    return parse_config(description.config(version=version))


class Copying:
    """A server that has `sizes` of a file, one after the other; None for a file that is missing."""

    def __init__(self, *sizes: int | None, refusal: int = 404) -> None:
        self.heads: list[str] = []
        self._sizes: Iterator[int | None] = iter(sizes)
        self._refusal = refusal
        self._uploads = 0

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.method == "POST":
            count = (await exchange.body()).count(b'filename="')
            self._uploads += 1
            await exchange.answer(200, [f"/srv/{self._uploads}/{n}.bin" for n in range(count)])
            return
        assert exchange.method == "HEAD"
        self.heads.append(exchange.path.rpartition("=")[2])
        size = next(self._sizes)
        if size is None:
            await exchange.answer(self._refusal)
        else:
            await exchange.answer(200, headers={"content-length": str(size)})


async def send(
    app_client: AppHttpClient, *sizes: int, version: str = "5.50.0", settings: Settings = PATIENT
) -> list[Any]:
    files = [File(bytes(size)) for size in sizes]

    def ignore(sent: int, total: int | None) -> None:
        """Nobody watches."""

    return await upload(app_client, app_of(version), files, settings, ignore, upload_id="u")


@pytest.mark.parametrize("refusal", [403, 404])
async def test_a_file_that_is_still_copied_is_waited_for(refusal: int) -> None:
    copying = Copying(None, None, 10, LARGE - 1, LARGE, refusal=refusal)
    async with server(copying) as app, open_app_client(app.url) as app_client:
        (payload,) = await send(app_client, LARGE)
    assert payload["path"] == "/srv/1/0.bin"
    assert copying.heads == ["/srv/1/0.bin"] * 5


async def test_the_large_files_and_the_last_one_are_looked_at_in_order() -> None:
    copying = Copying(LARGE, 0, LARGE, 5)
    async with server(copying) as app, open_app_client(app.url) as app_client:
        await send(app_client, 5, LARGE, 5, LARGE, 5)
    assert copying.heads == ["/srv/1/1.bin", "/srv/1/3.bin", "/srv/1/3.bin", "/srv/1/4.bin"]


async def test_each_request_of_many_files_is_looked_at_once() -> None:
    copying = Copying(1, 1, 1)
    async with server(copying) as app, open_app_client(app.url) as app_client:
        assert len(await send(app_client, *[1] * 201)) == 201
    assert copying.heads == ["/srv/1/99.bin", "/srv/2/99.bin", "/srv/3/0.bin"]


@pytest.mark.parametrize("version", ["6.27.0", "6.31.0", "3.50.2", ""])
async def test_a_server_that_moves_at_once_is_not_asked(version: str) -> None:
    copying = Copying()
    async with server(copying) as app, open_app_client(app.url) as app_client:
        await send(app_client, LARGE, version=version)
    assert copying.heads == []


@pytest.mark.parametrize("version", ["4.0.2", "4.44.1", "5.50.0", "6.26.0"])
async def test_every_server_that_moves_later_is_asked(version: str) -> None:
    copying = Copying(1)
    async with server(copying) as app, open_app_client(app.url) as app_client:
        await send(app_client, 1, version=version)
    assert len(copying.heads) == 1


async def test_a_file_that_stays_short_is_an_error_before_the_job_is_joined() -> None:
    copying = Copying(*[10] * 1000)
    async with server(copying) as app, open_app_client(app.url) as app_client:
        with pytest.raises(ProtocolError, match=r"is incomplete: the app has 10 of 1048576"):
            await send(app_client, LARGE, settings=HASTY)
    assert len(copying.heads) > 2


async def test_a_file_that_no_server_shows_is_left_to_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload_arrival, "_MISSING_SECONDS", 0.05)
    copying = Copying(*[None] * 1000)
    async with server(copying) as app, open_app_client(app.url) as app_client:
        (payload,) = await send(app_client, LARGE, settings=PATIENT)
    assert payload["size"] == LARGE
    assert len(copying.heads) > 2


async def test_waiting_counts_as_uploading() -> None:
    copying = Copying(*range(100_000))
    settings = replace(SETTINGS, timeouts=Timeouts(idle=None, upload=0.2))
    async with server(copying) as app, open_app_client(app.url) as app_client:
        with pytest.raises(DeadlineError) as caught:
            await send(app_client, LARGE, settings=settings)
    assert caught.value.phase == "upload"


@pytest.mark.parametrize("status", [200, 401, 405, 302, 500])
async def test_a_server_that_does_not_say_is_not_waited_for(status: int) -> None:
    heads = 0

    async def vague(exchange: Exchange) -> None:
        nonlocal heads
        if exchange.method == "POST":
            await exchange.answer(200, ["/srv/x"])
            return
        heads += 1
        headers = {"content-length": "many", "location": "/elsewhere"}
        await exchange.answer(status, headers=headers if status == 200 else {})

    async with server(vague) as app, open_app_client(app.url) as app_client:
        (payload,) = await send(app_client, LARGE)
    assert payload["path"] == "/srv/x"
    assert heads == 1
