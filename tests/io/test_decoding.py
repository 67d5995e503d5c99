"""Compressed answers: undone in bounded steps, or refused."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from spacecall._io.decoding import COMPRESSED, IDENTITY, STEP, Decoder
from spacecall._io.response_body import MAX_ERROR_BYTES, iterate_chunks, read_body, read_error_body
from spacecall.errors import ProtocolError
from spacecall.options import Limits
from tests.io.tools import STEADY

BOMB = 64 * 2**20
LIMITS = Limits(max_body_bytes=10**6)


def raw_deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "bare deflate": ("deflate", raw_deflate),
}


def answer(
    content: bytes, coding: str, *, accept: str = COMPRESSED, size: int = 10_000, status: int = 200
) -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    request = httpx.Request("GET", "http://app", headers={"accept-encoding": accept})
    headers = {"content-encoding": coding} if coding else {}
    return httpx.Response(status, headers=headers, content=body(), request=request)


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_one_coding_that_was_accepted_is_undone(packer: str, size: int) -> None:
    coding, pack = PACKERS[packer]
    content = bytes(range(256)) * 100
    response = answer(pack(content), coding, size=size)
    assert await read_body(response, LIMITS, "") == content


@STEADY
@given(content=st.binary(max_size=200_000), repeat=st.integers(1, 50), size=st.integers(1, 5000))
def test_steps_are_bounded_and_lose_nothing(content: bytes, repeat: int, size: int) -> None:
    data = content * repeat
    for coding, pack in PACKERS.values():
        decoder = Decoder("gzip" if coding == "x-gzip" else coding)
        packed = pack(data)
        pieces = [
            piece
            for start in range(0, len(packed), size)
            for piece in decoder.feed(packed[start : start + size])
        ]
        decoder.check_complete()
        assert b"".join(pieces) == data
        assert all(0 < len(piece) <= STEP for piece in pieces)


async def test_a_bomb_is_left_at_the_limit() -> None:
    steps = 0
    response = answer(gzip.compress(b"\0" * BOMB, 9), "gzip")
    with pytest.raises(
        ProtocolError, match=r"more than 1000000 bytes \(raise Limits\.max_body_bytes\)"
    ):
        await read_body(response, LIMITS, "")
    async with aclosing(iterate_chunks(answer(gzip.compress(b"\0" * BOMB, 9), "gzip"))) as chunks:
        async for chunk in chunks:
            steps += 1
            assert len(chunk) <= STEP
    assert BOMB // STEP <= steps < 1.1 * BOMB // STEP


async def test_others_run_between_two_steps() -> None:
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    packed = gzip.compress(b"\0" * BOMB, 9)
    response = answer(packed, "gzip", size=len(packed))
    async with anyio.create_task_group() as group:
        group.start_soon(another)
        with pytest.raises(ProtocolError):
            await read_body(response, Limits(max_body_bytes=BOMB // 2), "")
        group.cancel_scope.cancel()
    assert turns >= BOMB // 2 // STEP // 2


@pytest.mark.parametrize(
    "coding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "compress", "gzip;q=1", "nonsense"]
)
async def test_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(ProtocolError, match="which was not accepted"):
        await read_body(answer(gzip.compress(b"{}"), coding), LIMITS, "")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
async def test_none_is_undone_where_identity_was_asked_for(coding: str) -> None:
    with pytest.raises(ProtocolError, match="which was not accepted"):
        await read_body(answer(gzip.compress(b"{}"), coding, accept=IDENTITY), LIMITS, "")


@pytest.mark.parametrize("coding", ["", "identity", "Identity , "])
async def test_an_answer_that_is_not_compressed_is_read_as_it_is(coding: str) -> None:
    assert await read_body(answer(b"{}", coding, accept=IDENTITY), LIMITS, "") == b"{}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (gzip.compress(b"x") + b"more", "bytes follow the end"),
        (gzip.compress(b"x") + gzip.compress(b""), "bytes follow the end"),
        (gzip.compress(b"") * 1000, "bytes follow the end"),
        (gzip.compress(b"x" * 1000)[:-4], "was cut off"),
        (gzip.compress(b"x" * 1000)[:3], "was cut off"),
        (b"\x1f\x8b\x08\x00nonsense, more or less", "not valid gzip"),
        (b"<html>", "not valid gzip"),
    ],
    ids=["garbage", "member", "members", "cut", "cut head", "broken", "html"],
)
@pytest.mark.parametrize("size", [1, 10_000])
async def test_a_broken_stream_is_a_typed_error(content: bytes, problem: str, size: int) -> None:
    with pytest.raises(ProtocolError, match=problem):
        await read_body(answer(content, "gzip", size=size), LIMITS, "")


@pytest.mark.parametrize("content", [b"\x78", b"\x78\x9c\xff\xff\xff", b"\xff\xff\xff\xff"])
async def test_a_broken_deflate_stream_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(ProtocolError, match="deflate"):
        await read_body(answer(content, "deflate"), LIMITS, "")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_an_empty_body_needs_no_coding(coding: str) -> None:
    assert await read_body(answer(b"", coding), LIMITS, "") == b""


@pytest.mark.parametrize("status", [404, 500])
@pytest.mark.parametrize("size", [100, 10_000])
async def test_of_an_error_the_beginning_is_read(status: int, size: int) -> None:
    packed = gzip.compress(b"x" * BOMB, 9)
    assert (
        await read_error_body(answer(packed, "gzip", status=status, size=size))
        == b"x" * MAX_ERROR_BYTES
    )
    assert await read_error_body(answer(b"x" * BOMB, "", status=status)) == b"x" * MAX_ERROR_BYTES


async def test_an_error_that_cannot_be_decompressed_is_still_an_error() -> None:
    assert await read_error_body(answer(b"\0" * 100, "br", status=502)) == b""
    assert await read_error_body(answer(gzip.compress(b"why") + b"!", "gzip", status=502)) == b"why"


async def test_what_a_hook_of_the_callers_client_has_read_is_not_decoded_twice() -> None:
    response = answer(gzip.compress(b"{}"), "gzip")
    await response.aread()
    assert await read_body(response, LIMITS, "") == b"{}"
