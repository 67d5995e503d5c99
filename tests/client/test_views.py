"""Views of a Space with other options, and the documents of an app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from spacecall import (
    Call,
    Caller,
    DeadlineError,
    File,
    InvalidInputError,
    Space,
    SyncSpace,
    Timeouts,
)
from tests.client.tools import unique
from tests.servers import DATA, AppServer

PNG = DATA / "red.png"
SHORT = Timeouts(run=0.3)


@pytest.fixture
def sync_space(protocol_app: AppServer) -> Iterator[SyncSpace]:
    with SyncSpace(protocol_app.url) as space:
        yield space


async def test_sessions_of_a_view_have_its_options(space: Space) -> None:
    view = space.with_options(timeouts=SHORT)
    async with view.session() as session:
        with pytest.raises(DeadlineError):
            await session.call("/slow_async", seconds=unique(5))
    async with space.session() as session:
        assert await session.call("/slow_async", seconds=unique(0.6))


async def test_options_of_a_view_of_a_view_add_up(space: Space) -> None:
    view = space.with_options(timeouts=SHORT).with_options(headers={"x-test": "1"})
    with pytest.raises(DeadlineError):
        await view.call("/slow_async", seconds=unique(5))


async def test_a_view_collects_tickets_with_its_options(space: Space) -> None:
    seconds = unique(0.1)
    ticket = await space.call("/slow_async", seconds=seconds).detach()
    assert await space.with_options(headers={"x-test": "1"}).collect(ticket) == f"slept {seconds}"
    ticket = await space.call("/slow_async", seconds=unique(5)).detach()
    with pytest.raises(DeadlineError):
        await space.with_options(timeouts=SHORT).collect(ticket)


async def test_a_session_of_a_view_shares_state_with_the_space(space: Space) -> None:
    async with space.with_options(headers={"x-test": "1"}).session() as session:
        await session.call("/chat", message="hi", history=[])
        async with space.session(session_hash=session.session_hash) as again:
            _, history = await again.call("/chat", message="hi", history=[])
    assert re.search(r"turn 2: ", str(history[-1]))


def test_views_without_async_have_sessions_and_tickets(sync_space: SyncSpace) -> None:
    view = sync_space.with_options(timeouts=SHORT)
    with view.session() as session, pytest.raises(DeadlineError):
        session.call("/slow_async", seconds=unique(5)).result()
    seconds = unique(0.1)
    ticket = view.call("/slow_async", seconds=seconds).detach()
    assert view.collect(ticket).result() == f"slept {seconds}"


async def test_the_documents_of_the_app_are_copies(space: Space) -> None:
    assert space.config["version"] == ".".join(map(str, space.gradio_version))
    assert {f"/{d['api_name']}" for d in space.config["dependencies"] if d["api_name"]} >= {"/echo"}
    assert "/echo" in space.info["named_endpoints"]
    space.config.clear()
    space.info.clear()
    assert space.config["components"]
    assert space.info["named_endpoints"]
    async with space.session() as session:
        assert session.config == space.config


async def test_the_info_is_there_once_it_is_fetched(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url, describe=False) as space:
        assert space.config["components"]
        with pytest.raises(RuntimeError, match=r"call describe\(\) first"):
            _ = space.info
        await space.describe()
        assert "/echo" in space.info["named_endpoints"]


def test_the_documents_are_there_without_async(sync_space: SyncSpace) -> None:
    assert sync_space.config["components"]
    assert "/echo" in sync_space.info["named_endpoints"]


def test_calls_in_a_row_are_one_call_without_async(sync_space: SyncSpace) -> None:
    async def repeat(caller: Caller) -> Call[str]:
        text: str = await caller.call("/echo", text="twice")
        return caller.call("/echo", text=text * 2)

    assert sync_space.sequence("/echo", repeat).result() == "twicetwice"


def test_a_file_is_streamed_without_async(sync_space: SyncSpace) -> None:
    image = sync_space.call("/image", path=PNG).result()
    with sync_space.iter_bytes(image) as chunks:
        assert b"".join(chunks) == sync_space.read(image)
    with sync_space.iter_bytes(File(b"local")) as chunks:
        assert list(chunks) == [b"local"]


def test_a_stream_that_is_left_in_the_middle_ends(sync_space: SyncSpace, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * 5_000_000)
    with sync_space.iter_bytes(File(large)) as chunks:
        assert next(chunks)
    with pytest.raises(RuntimeError, match="is closed"):
        next(chunks)
    assert sync_space.call("/echo", text="x").result() == "x"


def test_the_error_of_a_stream_is_that_of_the_file(sync_space: SyncSpace, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError), sync_space.iter_bytes(File(tmp_path / "no")) as chunks:
        list(chunks)
    with pytest.raises(ValueError, match="mine"), sync_space.iter_bytes(File(b"x")):
        raise ValueError("mine")


async def test_streams_run_at_once_in_threads(sync_space: SyncSpace) -> None:
    sizes: list[int] = []

    def read(size: int) -> None:
        with sync_space.iter_bytes(File(b"x" * size)) as chunks:
            sizes.append(sum(map(len, chunks)))

    async with anyio.create_task_group() as group:
        for size in range(1, 9):
            group.start_soon(anyio.to_thread.run_sync, read, size)
    assert sorted(sizes) == list(range(1, 9))
