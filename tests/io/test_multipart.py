"""The bytes of an upload."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._io.multipart import FilePart, Multipart
from tests.io.tools import STEADY


def part(
    name: str, *chunks: bytes, size: int | None = None, mime_type: str = "text/plain"
) -> FilePart:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[AsyncIterator[bytes], None]:
        async def each() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        yield each()

    return FilePart(name, mime_type, size, opened)


def known(name: str, *chunks: bytes) -> FilePart:
    return part(name, *chunks, size=sum(map(len, chunks)))


async def sent(body: Multipart) -> bytes:
    return b"".join([chunk async for chunk in body.body()])


def parsed(body: Multipart, data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents, as a reader of MIME finds them."""
    head = f"content-type: {body.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + data, policy=policy.HTTP)
    assert not message.defects
    files: list[tuple[str, bytes]] = []
    for part in message.iter_parts():
        disposition = part["content-disposition"]
        name = re.search(r'filename="([^"]*)"', str(disposition))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        files.append((name[1] if name else "", content))
    return files


async def test_one_file_is_one_part() -> None:
    body = Multipart([known("a.txt", b"he", b"llo")], lambda _: None)
    boundary = body.headers["content-type"].partition("boundary=")[2]
    assert (
        await sent(body)
        == (
            f"--{boundary}\r\n"
            'content-disposition: form-data; name="files"; filename="a.txt"\r\n'
            "content-type: text/plain\r\n\r\n"
            "hello\r\n"
            f"--{boundary}--\r\n"
        ).encode()
    )


async def test_the_length_is_that_of_the_bytes() -> None:
    body = Multipart([known("ä.txt", b"1"), known("b.txt", b"22", b"3")], lambda _: None)
    assert body.total == 4
    assert int(body.headers["content-length"]) == len(await sent(body))


async def test_a_size_that_is_not_known_leaves_the_length_out() -> None:
    body = Multipart([known("a", b"1"), part("b", b"2")], lambda _: None)
    assert body.total is None
    assert "content-length" not in body.headers
    assert (await sent(body)).endswith(b"--\r\n")


def test_two_uploads_have_two_boundaries() -> None:
    first, second = (Multipart([], lambda _: None).headers["content-type"] for _ in range(2))
    assert first != second


async def test_progress_counts_the_bytes_of_the_files_alone() -> None:
    progress: list[int] = []
    await sent(Multipart([known("a", b"12", b"3"), known("b", b"45")], progress.append))
    assert progress == [2, 3, 5]


async def test_the_bytes_of_each_file_are_counted() -> None:
    body = Multipart([known("a", b"12", b"3"), part("b"), part("c", b"45")], lambda _: None)
    await sent(body)
    assert body.sizes == [3, 0, 2]


@pytest.mark.parametrize(
    ("name", "on_the_wire"),
    [
        ('say "hi".txt', "say %22hi%22.txt"),
        ("two\r\nlines.txt", "two%0D%0Alines.txt"),
        ("100%.txt", "100%.txt"),
        ("hello wörld 漢.txt", "hello wörld 漢.txt"),
        ('"\r\ncontent-type: text/html\r\n\r\n', "%22%0D%0Acontent-type: text/html%0D%0A%0D%0A"),
    ],
)
async def test_a_name_cannot_leave_its_place(name: str, on_the_wire: str) -> None:
    data = await sent(Multipart([known(name, b"x")], lambda _: None))
    head, _, _ = data.partition(b"\r\n\r\n")
    _, disposition, kind = head.split(b"\r\n")
    assert disposition.decode() == (
        f'content-disposition: form-data; name="files"; filename="{on_the_wire}"'
    )
    assert kind == b"content-type: text/plain"


@STEADY
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(categories=["L", "N"], max_codepoint=127), min_size=1),
            st.lists(st.binary(max_size=50), max_size=4),
        ),
        min_size=1,
        max_size=4,
    )
)
async def test_any_files_come_back_from_the_bytes(files: list[tuple[str, list[bytes]]]) -> None:
    body = Multipart([known(name, *chunks) for name, chunks in files], lambda _: None)
    data = await sent(body)
    assert len(data) == int(body.headers["content-length"])
    assert parsed(body, data) == [(name, b"".join(chunks)) for name, chunks in files]
