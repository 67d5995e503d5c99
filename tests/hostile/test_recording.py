"""Recording writes no secret of the caller, and one process or thread records at a time."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from copy import copy
from pathlib import Path
from pickle import dumps, loads
from typing import Any
from urllib.parse import quote

import anyio
import pytest

from spacecall import Auth, Space, SyncSpace, ZeroGPU
from spacecall.cassettes import (
    CassetteError,
    CassetteMissError,
    RecordMode,
    SecretFoundError,
    use_cassette,
)
from spacecall.cassettes._format.cassette_file import (
    EXTERNAL_FROM,
    SHARED_FOLDER,
    BodyFiles,
    load_cassette,
)
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.scrubber import Scrubber
from spacecall.cassettes._format.secret_formats import PLACEHOLDER
from tests.hostile.server import HostileServer, Request, app_config, http

NOWHERE = "http://127.0.0.1:9"
SECRET = "Q7w-9zLp/4tYx+Kc"
HEADERS = (
    *("x-auth-token", "api-key", "x-goog-api-key", "private-token", "x-mine", "user-agent"),
    *("cf-access-client-secret", "x-amz-security-token", "cookie", "authorization", "accept"),
)
FORMS = {
    "plain": SECRET,
    "in a text": f"you sent {SECRET}!",
    "percent-encoded": quote(SECRET, safe=""),
    "twice percent-encoded": quote(quote(SECRET, safe=""), safe=""),
    "JSON": '{"a": "' + SECRET.replace("/", "\\/") + '"}',
    "escapes": "".join(f"\\u{ord(char):04x}" for char in SECRET),
    "basic": "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode(),
    "bearer": f"Bearer {SECRET}",
    "prefixed": f"token_{SECRET}_",
    "user of a URL": f"https://me:{quote(SECRET, safe='')}@host/path",
    "query of a URL": f"https://host/path?q={quote(SECRET, safe='')}",
}


def read_all(folder: Path) -> str:
    """Return the names and contents of all files of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(f"{path.name}\n{path.read_bytes().decode('latin-1')}" for path in files)


def has_secret(text: str) -> bool:
    scrubber = Scrubber()
    scrubber.add_secrets("http://host", [SECRET])
    return scrubber.has_secret(text)


@pytest.mark.parametrize("name", HEADERS)
async def test_of_headers_of_the_caller_names_alone_are_written(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with HostileServer() as server, use_cassette(path, mode="once"):
        async with Space(server.url, headers={name: SECRET}) as space:
            await space.call("/predict", x="x").with_options(headers={f"x-{name}": SECRET[::-1]})
        assert any(request.headers.get(name) == SECRET for request in server.requests)
    assert not has_secret(read_all(tmp_path))
    assert SECRET[::-1] not in read_all(tmp_path)
    assert f'"x-{name}"' in read_all(tmp_path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("option", ["header", "token", "password"])
async def test_a_credential_that_an_app_repeats_is_not_written(
    form: str, option: str, tmp_path: Path
) -> None:
    text = FORMS[form]
    choices: dict[str, dict[str, Any]] = {
        "header": {"headers": {"x-mine": SECRET}},
        "token": {"auth": Auth(token=SECRET, hosts=["127.0.0.1"])},
        "password": {"auth": Auth(username="me", password=SECRET)},
    }
    options = choices[option]
    config = app_config(odd=text, names={text: 1})
    with HostileServer(config=config, outputs=[text]) as server:
        server.routes["/login"] = lambda _request, _socket: http({"success": True})
        with use_cassette(tmp_path / "a.json", mode="once"):
            async with Space(server.url, **options) as space:
                assert await space.call("/predict", x=text) == text
    assert not has_secret(read_all(tmp_path))
    with use_cassette(tmp_path / "a.json"):
        async with Space("http://127.0.0.1:9", **options) as space:
            assert PLACEHOLDER in await space.call("/predict", x=text)


async def test_recording_and_replaying_log_no_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)

    def matcher(request: Any, recorded: Any) -> None:
        assert request.uri.rpartition("/")[2] == recorded.uri.rpartition("/")[2]

    modes: tuple[RecordMode, ...] = ("once", "none", "all")
    with HostileServer(config=app_config(title=SECRET), outputs=["an answer"]) as server:
        url = server.url
        for mode in modes:
            with use_cassette(tmp_path / "a.json", mode=mode, matchers=[matcher]):
                async with Space(server.url, headers={"x-mine": SECRET}) as space:
                    assert await space.call("/predict", x="an argument") == "an answer"
    logged = [record for record in caplog.records if record.name.startswith("vcr")]
    assert not [record for record in logged if url in record.getMessage()]
    texts = "".join(record.getMessage() for record in caplog.records)
    assert not has_secret(texts)
    assert "an answer" not in texts
    assert "an argument" not in texts


async def record(path: Path, url: str) -> None:
    """Record a call with a secret header."""
    with use_cassette(path, mode="once"):
        async with Space(url, headers={"x-mine": SECRET}) as space:
            await space.call("/predict", x="x")


async def test_a_credential_in_a_large_answer_is_taken_out_or_refused(tmp_path: Path) -> None:
    def large(kind: bytes, body: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\nconnection: close\r\n\r\n%b" % (kind, body)

    config = app_config(odd=SECRET, more="." * EXTERNAL_FROM)
    file = json.dumps(config).encode()
    with HostileServer(config=config) as server:
        with use_cassette(tmp_path / "a.json", mode="once"):
            async with Space(server.url, headers={"x-mine": SECRET}) as space:
                await space.call("/predict", x="x")
        assert not has_secret(read_all(tmp_path))
        assert list((tmp_path / SHARED_FOLDER).iterdir())
        server.routes["/config"] = lambda _request, _socket: large(b"text/plain", file)
        with pytest.raises(SecretFoundError, match="a credential of the caller in a body of"):
            await record(tmp_path / "b.json", server.url)
    assert not (tmp_path / "b.json").exists()


async def test_zero_gpu_credentials_are_not_written(tmp_path: Path) -> None:
    quota = ZeroGPU(token="tok-" + SECRET, uuid="uuid-" + SECRET[::-1])
    server = HostileServer(outputs=[f"tok-{SECRET} uuid-{SECRET[::-1]}"])
    with server, use_cassette(tmp_path / "a.json", mode="once"):
        async with Space(server.url) as space:
            await space.call("/predict", x="x").with_options(zero_gpu=quota)
    assert not has_secret(read_all(tmp_path))
    assert SECRET[::-1] not in read_all(tmp_path)


async def test_an_address_in_a_header_stays_in_responses(tmp_path: Path) -> None:
    with HostileServer() as server:
        server.outputs = [f"{server.url}/file"]
        headers = {"referer": f"{server.url}/", "x-forwarded-host": "127.0.0.1"}
        with use_cassette(tmp_path / "a.json", mode="once"):
            async with Space(server.url, headers=headers) as space:
                await space.call("/predict", x="x")
        with use_cassette(tmp_path / "a.json"):
            async with Space(server.url, headers=headers) as space:
                assert await space.call("/predict", x="x") == f"{server.url}/file"


def test_signatures_of_addresses_are_taken_out() -> None:
    url = "https://bucket/x?X-Amz-Date=1&X-Amz-Signature=0a1b2c&y=1"
    scrubbed = Scrubber().scrub_exchange(
        Exchange("GET", url, headers=(("location", url),), body={"json": [f"see {url} there"]})
    )
    for text in (scrubbed.url, scrubbed.headers[0][1], scrubbed.body["json"][0]):
        assert f"X-Amz-Signature={PLACEHOLDER}&y=1" in text
        assert "0a1b2c" not in text


RECORD = """
import sys, anyio
from spacecall import Space
from spacecall.cassettes import use_cassette

async def main():
    async with Space(sys.argv[2]) as space:
        await space.call("/predict", x=sys.argv[3])

with use_cassette(sys.argv[1], mode=sys.argv[4]):
    print("recording", flush=True)
    sys.stdin.readline()
    anyio.run(main)
"""


def start(path: Path, url: str, x: str, mode: str = "once") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RECORD, str(path), url, x, mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_second_process_cannot_record_the_same_cassette(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    with HostileServer() as server, start(path, server.url, "first") as first:
        assert first.stdout
        assert first.stdout.readline() == "recording\n"
        modes: tuple[RecordMode, ...] = ("once", "all", "rewrite", "new_episodes")
        for mode in modes:
            second = use_cassette(path, mode=mode)
            with pytest.raises(CassetteError, match="is being recorded by another process"):
                second.__enter__()
        first.communicate("\n", timeout=60)
        assert first.returncode == 0
    assert '"first"' in path.read_text()
    assert [entry.name for entry in path.parent.iterdir()] == ["a.json", SHARED_FOLDER]


def test_a_second_thread_cannot_record_the_same_cassette(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    refusals: list[BaseException] = []

    def record_too() -> None:
        try:
            anyio.run(record, path, NOWHERE)
        except CassetteError as error:
            refusals.append(error)

    with HostileServer() as server, use_cassette(path, mode="once"):
        thread = threading.Thread(target=record_too)
        thread.start()
        thread.join(60)
        with SyncSpace(server.url) as space:
            space.call("/predict", x="x").result()
    assert len(refusals) == 1
    assert path.is_file()


def test_a_killed_recording_leaves_the_old_cassette_and_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with HostileServer(outputs=["x" * EXTERNAL_FROM]) as server:
        with start(path, server.url, "first") as first:
            first.communicate("\n", timeout=60)
        before = path.read_bytes()
        with start(path, server.url, "second", "rewrite") as second:
            assert second.stdout
            assert second.stdout.readline() == "recording\n"
            second.send_signal(signal.SIGKILL)
            second.wait(60)
        assert path.read_bytes() == before
        with start(path, server.url, "third", "rewrite") as third:
            third.communicate("\n", timeout=60)
            assert third.returncode == 0
    assert b'"third"' in path.read_bytes()
    assert not list(tmp_path.glob(".*"))


async def rewrite(path: Path, url: str) -> None:
    with use_cassette(path, mode="rewrite"):
        async with Space(url) as space:
            await space.call("/predict", x="second")


def test_a_recording_that_cannot_be_written_leaves_the_old_one_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    bodies = (str(number) * EXTERNAL_FROM for number in range(1, 10))

    def config(_request: Request, _socket: object) -> bytes:
        return http(app_config(odd=next(bodies)))

    with HostileServer(routes={"/config": config}) as server:
        with start(path, server.url, "first") as first:
            first.communicate("\n", timeout=60)
        before = read_all(tmp_path)

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("spacecall.cassettes._format.cassette_file.write_files", fail)
        with pytest.raises(OSError, match="No space"):
            anyio.run(rewrite, path, server.url)
    assert all(line in read_all(tmp_path) for line in before.splitlines())
    for exchange in load_cassette(path)[0]:
        assert exchange.events is not None or BodyFiles(path).read(exchange.body)


def test_errors_of_cassettes_can_be_pickled_and_copied() -> None:
    for error in (
        CassetteMissError("a", request="GET /x", differences=["b"]),
        SecretFoundError("a", locations=["b"]),
        CassetteError("a"),
    ):
        for again in (copy(error), loads(dumps(error))):
            assert type(again) is type(error)
            assert vars(again) == vars(error)
            assert str(again) == str(error)
