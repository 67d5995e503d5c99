"""Files on their way: what is sent, what stands for it afterwards, what is fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from spacecall import File, Timeouts
from spacecall._client.calls.job_iterators import OutputIterator
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.filedata import META
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.transfers import FILES_PER_REQUEST, RemoteSource, encode_inline, upload
from spacecall.errors import (
    DeadlineError,
    ForbiddenAddressError,
    InvalidInputError,
    ProtocolError,
    StatusError,
)
from spacecall.events import Completed, Event, Output
from spacecall.files import file_of
from tests.faults import description
from tests.faults.exchanges import Exchange, Handler
from tests.io.tools import SETTINGS, answering, open_app_client, server

APP = parse_config(description.config())


def a_file(**fields: Any) -> dict[str, Any]:
    return {"path": "/srv/a b.txt", "orig_name": "a b.txt", "meta": {}, **fields}


async def paths(exchange: Exchange) -> None:
    count = (await exchange.body()).count(b'filename="')
    await exchange.answer(200, [f"/srv/{n}/x.txt" for n in range(count)])


def saying(answer: object, status: int = 200) -> Handler:
    async def say(exchange: Exchange) -> None:
        await exchange.answer(status, answer)

    return say


def nobody(sent: int, total: int | None) -> None:
    """Who does not want to know how far it is."""


async def send(app_client: AppHttpClient, *files: File, app: AppConfig = APP) -> list[Any]:
    return await upload(app_client, app, files, SETTINGS, nobody, upload_id="u")


async def test_files_go_in_one_request_and_payloads_come_back_in_order() -> None:
    async with server(paths) as app, open_app_client(app.url) as app_client:
        progress: list[tuple[int, int | None]] = []
        files = [File(b"one", name="1.txt"), File(b"second", name="2.txt")]
        payloads = await upload(
            *(app_client, APP, files, SETTINGS),
            lambda sent, total: progress.append((sent, total)),
            upload_id="session",
        )
        assert [payload["path"] for payload in payloads] == ["/srv/0/x.txt", "/srv/1/x.txt"]
        assert payloads[0] == {
            "path": "/srv/0/x.txt",
            "url": f"{app.url}/gradio_api/file=/srv/0/x.txt",
            "orig_name": "1.txt",
            "size": 3,
            "mime_type": "text/plain",
            "meta": {"_type": "gradio.FileData"},
        }
        assert progress == [(0, 9), (3, 9), (9, 9)]
        (request,) = app.seen
        assert (request.method, request.path) == ("POST", "/gradio_api/upload")
        assert request.query["upload_id"]


async def test_many_files_go_in_several_requests_with_one_progress() -> None:
    files = [File(str(number).encode(), name=f"{number}.txt") for number in range(1001)]
    total = sum(len(str(number)) for number in range(1001))
    async with server(paths) as app, open_app_client(app.url) as app_client:
        progress: list[tuple[int, int | None]] = []
        payloads = await upload(
            *(app_client, APP, files, SETTINGS),
            lambda sent, total: progress.append((sent, total)),
            upload_id="u",
        )
        counts = [(await request.body()).count(b"filename=") for request in app.seen]
    assert counts == [FILES_PER_REQUEST] * 10 + [1]
    assert [payload["orig_name"] for payload in payloads] == [
        f"{number}.txt" for number in range(1001)
    ]
    assert [payload["path"] for payload in payloads] == [
        f"/srv/{number % FILES_PER_REQUEST}/x.txt" for number in range(1001)
    ]
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == ((0, total), (total, total))


async def test_a_request_that_could_not_be_sent_is_repeated_alone() -> None:
    files = [File(b"x", name=f"{number}.txt") for number in range(150)]
    busy = answering(503, retry_after="0")
    async with server(paths, busy, paths) as app, open_app_client(app.url) as app_client:
        payloads = await send(app_client, *files)
        counts = [(await request.body()).count(b"filename=") for request in app.seen]
    assert len(payloads) == 150
    assert counts == [100, 50, 50]


async def test_the_size_of_a_file_is_read_as_often_with_a_thousand_files() -> None:
    class Counted:
        name, mime_type, url = "x", None, None
        reads = 0

        def __init__(self) -> None:
            self.open = File(b"data").stream

        @property
        def size(self) -> int:
            Counted.reads += 1
            return 4

    async def reads_of(count: int) -> int:
        Counted.reads = 0
        await send(app_client, *(file_of(Counted()) for _ in range(count)))
        return Counted.reads

    async with server(paths) as app, open_app_client(app.url) as app_client:
        assert await reads_of(1000) == 1000 * await reads_of(1)


async def test_an_empty_file_is_sent() -> None:
    async with server(paths) as app, open_app_client(app.url) as app_client:
        empty, full = await send(app_client, File(b"", name="empty.txt"), File(b"full"))
        assert (empty["size"], full["size"]) == (0, 4)
        assert b'filename="empty.txt"\r\ncontent-type: text/plain\r\n\r\n\r\n--' in (
            await app.last.body()
        )


async def test_a_known_length_is_declared_and_an_unknown_one_comes_in_chunks() -> None:
    class Endless:
        name, size, mime_type, url = "x", None, None, None

        def __init__(self, file: File) -> None:
            self.open = file.stream

    async with server(paths) as app, open_app_client(app.url) as app_client:
        await send(app_client, File(b"known"))
        assert "content-length" in app.last.headers
        assert "transfer-encoding" not in app.last.headers
        await send(app_client, file_of(Endless(File(b"unknown"))))
        assert "content-length" not in app.last.headers
        assert app.last.headers["transfer-encoding"] == "chunked"
        assert b"unknown" in await app.last.body()


async def test_a_file_of_the_app_is_not_sent_again() -> None:
    async with server(paths) as app, open_app_client(app.url) as app_client:
        mine = file_of(RemoteSource(app_client, APP, a_file()))
        payloads = await send(app_client, mine, File(b"new"))
        assert payloads[0] == a_file()
        assert payloads[1]["path"] == "/srv/0/x.txt"
        (request,) = app.seen
        assert (await request.body()).count(b"filename=") == 1


@pytest.mark.parametrize(
    "payload",
    [
        a_file(meta=META),
        {"path": "/etc/passwd", "meta": META},
        {"path": "https://elsewhere/x.png", "meta": META},
        {"url": "http://169.254.169.254/latest", "meta": META},
        {"path": "/srv/old.png", "orig_name": None, "mime_type": None},
    ],
)
async def test_a_filedata_object_goes_as_it_is(payload: dict[str, Any]) -> None:
    async with server(paths) as app, open_app_client(app.url) as app_client:
        file = File(payload)
        (sent,) = await send(app_client, file)
        assert sent == {"meta": META, **payload}
        with pytest.raises(InvalidInputError, match="is on the server of an app"):
            await file.read()
        assert app.seen == []


@pytest.mark.parametrize(
    ("payload", "name", "size", "mime_type", "url"),
    [
        (a_file(meta=META, size=3, mime_type="text/x"), "a b.txt", 3, "text/x", None),
        ({"path": "/srv/what?.png"}, "what_.png", None, "image/png", None),
        (
            {"path": "https://h/f.png?sig=s", "size": -1},
            "f.png",
            None,
            "image/png",
            "https://h/f.png?sig=s",
        ),
        (
            {"path": "/x/y.txt", "url": "http://app/file=/x/y.txt", "size": True},
            "y.txt",
            None,
            "text/plain",
            "http://app/file=/x/y.txt",
        ),
        ({"path": "", "url": "data:text/plain,hi"}, "file.txt", 2, "text/plain", None),
    ],
)
def test_a_filedata_object_tells_what_it_stands_for(
    payload: dict[str, Any], name: str, size: int | None, mime_type: str, url: str | None
) -> None:
    file = File({"meta": META, **payload})
    assert (file.name, file.size, file.mime_type, file.url) == (name, size, mime_type, url)


@pytest.mark.parametrize(
    "payload",
    [
        {"path": "/etc/passwd"},
        {"url": "http://a/b"},
        {"meta": META},
        {"path": "/x", "meta": {}},
        {},
    ],
)
def test_an_object_that_is_no_filedata_is_invalid_input(payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="the object is not a file of Gradio"):
        File(payload)


async def test_a_filedata_object_that_travels_in_the_arguments_is_fetched_from_the_app() -> None:
    async with server(saying(b"content")) as app, open_app_client(app.url) as app_client:
        sent = await encode_inline(app_client, APP, File(a_file(meta=META)))
        assert app.last.path == "/gradio_api/file=/srv/a%20b.txt"
    assert sent["url"] == "data:text/plain;base64,Y29udGVudA=="


async def test_a_filedata_object_does_not_lead_into_the_callers_network() -> None:
    async with (
        server(saying(b"secret")) as inside,
        open_app_client("http://8.8.8.8:1") as app_client,
    ):
        with pytest.raises(ForbiddenAddressError):
            await encode_inline(app_client, APP, File({"url": inside.url, "meta": META}))
        assert inside.seen == []


async def test_nothing_new_sends_nothing() -> None:
    async with server(paths) as app, open_app_client(app.url) as app_client:
        await send(app_client, file_of(RemoteSource(app_client, APP, a_file())))
        assert app.seen == []


async def test_a_file_of_another_app_passes_through() -> None:
    async with (
        server(saying(b"theirs")) as theirs,
        server(paths) as app,
        open_app_client(theirs.url) as there,
        open_app_client(app.url) as app_client,
    ):
        await send(app_client, file_of(RemoteSource(there, APP, a_file())))
        assert b"theirs" in await app.last.body()
        assert theirs.last.path == "/gradio_api/file=/srv/a%20b.txt"


async def test_a_file_of_the_web_is_fetched_without_credentials() -> None:
    web_server = server(saying(b"from the web"))
    async with web_server as web, server(paths) as app, open_app_client(app.url) as app_client:
        app_client.remember({"login": "c00kie"})
        payloads = await send(app_client, File(f"{web.url}/pic.png"))
        assert b"from the web" in await app.last.body()
        assert payloads[0]["orig_name"] == "pic.png"
        assert "cookie" not in web.last.headers
        assert "x-mine" not in web.last.headers


async def test_a_file_of_the_web_that_is_not_there_says_which_and_nothing_secret() -> None:
    async with (
        server(saying(b"", 404)) as web,
        server(paths) as app,
        open_app_client(app.url) as app_client,
    ):
        base = web.url.replace("//", "//me:hunter2@")
        with pytest.raises(
            InvalidInputError, match=r"cannot fetch http://127.*/pic\.png: not"
        ) as e:
            await send(app_client, File(f"{base}/pic.png?signature=hunter2"))
        assert "hunter2" not in str(e.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"paths": []}, "not a list of paths"),
        ([1], "not a list of paths"),
        (b"<html>", "not a list of paths"),
        ([], "1 files were uploaded, but the app returned 0 paths"),
        (["a", "b"], "1 files were uploaded, but the app returned 2 paths"),
    ],
)
async def test_an_answer_that_does_not_fit_is_a_protocol_error(answer: Any, words: str) -> None:
    async with server(saying(answer)) as app, open_app_client(app.url) as app_client:
        with pytest.raises(ProtocolError, match=words):
            await send(app_client, File(b"x"))


async def test_a_refused_upload_is_not_repeated() -> None:
    async with server(saying({"detail": "no"}, 500)) as app, open_app_client(app.url) as app_client:
        with pytest.raises(StatusError, match="no"):
            await send(app_client, File(b"x"))
        assert len(app.seen) == 1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("missing", "cannot read"),
        (".", "is a folder"),
        (b"x" * 11, "has 11 bytes: the app accepts at most 10"),
    ],
    ids=["missing", "folder", "too large"],
)
async def test_a_file_that_cannot_go_is_found_before_anything_is_sent(
    tmp_path: Path, source: str | bytes, words: str
) -> None:
    small = parse_config(description.config(max_file_size=10))
    bad = File(tmp_path / source if isinstance(source, str) else source)
    async with server(paths) as app, open_app_client(app.url) as app_client:
        with pytest.raises(InvalidInputError, match=words):
            await send(app_client, File(b"fine"), bad, app=small)
        assert app.seen == []


async def test_an_upload_has_a_deadline() -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.gone()

    async with server(silent) as app, open_app_client(app.url) as app_client:
        settings = SETTINGS.override(timeouts=Timeouts(upload=0.1))
        with pytest.raises(DeadlineError) as caught:
            await upload(app_client, APP, [File(b"x")], settings, nobody, upload_id="u")
        assert caught.value.phase == "upload"


class TestReceivedFiles:
    """Handles of an app's files."""

    @pytest.mark.parametrize(
        ("payload", "url"),
        [
            (a_file(), "http://app:1/gradio_api/file=/srv/a%20b.txt"),
            (
                a_file(url="http://inside/file=/srv/a b.txt"),
                "http://app:1/gradio_api/file=/srv/a%20b.txt",
            ),
            ({"url": "http://else/x.png"}, "http://else/x.png"),
            ({"path": "https://else/x.png"}, "https://else/x.png"),
            ({"url": "/file=/x"}, "http://app:1/file=/x"),
            ({"url": "http://[bad"}, "http://[bad"),
            ({}, "http://app:1/"),
        ],
    )
    async def test_know_where_they_are(self, payload: Any, url: str) -> None:
        async with open_app_client("http://app:1") as app_client:
            assert RemoteSource(app_client, APP, payload).url == url

    @pytest.mark.parametrize(
        ("payload", "name"),
        [
            (a_file(orig_name="../../etc/passwd"), "passwd"),
            (a_file(path="https://h/f.png?X-Sig=s#x", orig_name=None), "f.png"),
            (a_file(path="HTTPS://h/f.png?X-Sig=s", orig_name=None), "f.png"),
            (a_file(path="//h/f.png?X-Sig=s", orig_name=None), "f.png"),
            (a_file(path="https://h/f.png#X-Sig=s", orig_name=None), "f.png"),
            (a_file(path="https://h/f.png?X-Sig=s", orig_name="f.png?X-Sig=s"), "f.png"),
            (a_file(path=None, url="https://h/f.png?X-Sig=s", orig_name="g.png?"), "g.png_"),
            (a_file(path="/srv/what?.png", orig_name=None), "what_.png"),
            ({"path": "/srv/x.png"}, "x.png"),
            ({"url": "http://else/y.png?sig=1"}, "y.png"),
            ({}, "file"),
        ],
    )
    async def test_have_a_safe_name(self, payload: Any, name: str) -> None:
        async with open_app_client("http://app:1") as app_client:
            assert file_of(RemoteSource(app_client, APP, payload)).name == name

    async def test_at_no_address_cannot_be_read(self) -> None:
        async with open_app_client("http://app:1") as app_client:
            with pytest.raises(InvalidInputError):
                await file_of(RemoteSource(app_client, APP, {"url": "http://a:b/x"})).read()

    async def test_are_read_with_credentials_from_their_app(self) -> None:
        async with server(saying(b"content")) as app, open_app_client(app.url) as app_client:
            app_client.remember({"login": "c00kie"})
            assert await file_of(RemoteSource(app_client, APP, a_file())).read() == b"content"
            assert app.last.headers["cookie"] == "login=c00kie"

    async def test_elsewhere_are_read_without(self) -> None:
        async with (
            server(saying(b"content")) as elsewhere,
            open_app_client("http://localhost:1") as app_client,
        ):
            app_client.remember({"login": "c00kie"})
            file = file_of(RemoteSource(app_client, APP, {"url": f"{elsewhere.url}/x"}))
            assert await file.read() == b"content"
            assert "cookie" not in elsewhere.last.headers

    async def test_are_asked_for_again_when_the_server_was_busy(self) -> None:
        async def cut(exchange: Exchange) -> None:
            await exchange.cut()

        async with server(saying(b"", 502), cut, saying(b"content")) as app:
            async with open_app_client(app.url) as app_client:
                assert await file_of(RemoteSource(app_client, APP, a_file())).read() == b"content"
            assert len(app.seen) == 3

    async def test_leave_the_readers_own_errors_alone(self) -> None:
        mine = httpx.ConnectError("of the reader's own request")
        async with server(saying(b"content")) as app, open_app_client(app.url) as app_client:
            file = file_of(RemoteSource(app_client, APP, a_file()))
            with pytest.raises(httpx.ConnectError) as caught:
                async with file.stream():
                    raise mine
            assert caught.value is mine

    async def test_may_be_left_half_read(self) -> None:
        async def endless(exchange: Exchange) -> None:
            await exchange.begin("application/octet-stream")
            while True:
                await exchange.send(b"x" * 1000)

        async with server(endless) as app, open_app_client(app.url) as app_client:
            file = file_of(RemoteSource(app_client, APP, a_file()))
            async with file.stream() as chunks:
                assert await anext(chunks)


async def test_what_travels_in_the_arguments_is_bounded() -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.begin("image/png")
        while True:
            await exchange.send(b"x" * 1000)

    async with server(endless) as app, open_app_client(app.url) as app_client:
        with pytest.raises(InvalidInputError, match="more than 10000 bytes"):
            await encode_inline(app_client, APP, File(f"{app.url}/endless.png"))


async def test_handles_of_the_same_file_are_equal_within_a_space() -> None:
    async with (
        open_app_client("http://app.test") as app_client,
        open_app_client("http://app.test") as foreign,
    ):
        first, again = (file_of(RemoteSource(app_client, APP, a_file())) for _ in range(2))
        assert first == again
        assert len({first, again}) == 1
        changed = file_of(RemoteSource(app_client, APP, a_file(path="/srv/b.txt")))
        elsewhere = file_of(RemoteSource(foreign, APP, a_file()))
        assert first not in (changed, elsewhere, "a b.txt")
        assert RemoteSource(app_client, APP, a_file()) != "a b.txt"
    assert File(b"one") != File(b"one")


async def test_a_result_that_repeats_the_last_file_is_left_out() -> None:
    async with open_app_client("http://app.test") as app_client:
        outputs = OutputIterator(
            _events([file_of(RemoteSource(app_client, APP, a_file())) for _ in range(2)])
        )
        assert len([file async for file in outputs]) == 1


async def _events(files: list[File]) -> AsyncIterator[Event[File]]:
    for file in files[:-1]:
        yield Output(file)
    yield Completed(files[-1], None)
