"""A new recording of an app that has not changed changes no file; a change changes little."""

from __future__ import annotations

import json
from difflib import unified_diff
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from spacecall import Space
from spacecall.cassettes import RecordMode, use_cassette
from spacecall.cassettes._engine.stable_form import to_stable_form
from spacecall.cassettes._format.cassette_file import SHARED_FOLDER, BodyFiles, load_cassette
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._inspect.orphans import find_unused_bodies
from spacecall.cassettes._inspect.recording import read_recording
from tests.hostile.server import PREFIX, HostileServer, Request, app_config, http

NOWHERE = "http://127.0.0.1:9"


async def call(address: str, *texts: str) -> list[str]:
    async with Space(address) as space:
        return [await space.call("/predict", x=text) for text in texts]


async def record(
    path: Path, *texts: str, mode: RecordMode = "rewrite", output: str = "ok", app_id: object = 7
) -> None:
    config = app_config(app_id=app_id)
    with HostileServer(config=config, outputs=[output]) as server:
        server.config["root"] = server.url
        # The id of a job differs in every run.
        server.routes[f"{PREFIX}/queue/join"] = lambda request, _: join(server, request)
        with use_cassette(path, mode=mode, assert_all_used=False):
            await call(server.url, *texts)


def join(server: HostileServer, request: Request) -> bytes:
    jobs: dict[str, list[str]] = server._jobs  # pyright: ignore[reportPrivateUsage]
    event_id = f"{id(server):x}{len(server.requests)}"
    jobs.setdefault(request.json()["session_hash"], []).append(event_id)
    return http({"event_id": event_id})


def read_files(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("mode", ["rewrite", "all"])
async def test_the_same_app_on_another_port_changes_nothing(
    mode: RecordMode, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    await record(path, "one", "two", "one", app_id=1)
    metadata = json.loads(path.read_text())["metadata"]
    path.write_text(path.read_text().replace(metadata["recorded"], "2000-01-01"))
    before = read_files(tmp_path)
    await record(path, "one", "two", "one", mode=mode, app_id=2)
    after = read_files(tmp_path)
    assert after.keys() == before.keys()
    for name, content in before.items():
        texts = content.decode().splitlines(), after[name].decode().splitlines()
        diff = "\n".join(unified_diff(*texts, lineterm=""))
        assert not diff, name
    with use_cassette(path):
        assert await call(NOWHERE, "one", "two", "one") == ["ok"] * 3


async def test_another_call_and_another_result_leave_the_other_calls_as_they_were(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    await record(path, "one", "two")
    before = load_cassette(path)[0]
    await record(path, "one", "between", "two")
    after = load_cassette(path)[0]
    assert [exchange for exchange in after if exchange in before] == before
    assert len(after) == len(before) + 2
    with use_cassette(path):
        assert await call(NOWHERE, "one", "between", "two") == ["ok"] * 3
    await record(path, "one", "between", "two", output="changed")
    paths = [[urlsplit(each.url).path for each in of] for of in (load_cassette(path)[0], after)]
    assert paths[0] == paths[1]
    with use_cassette(path):
        assert await call(NOWHERE, "one", "between", "two") == ["changed"] * 3


async def test_a_call_that_is_added_to_a_cassette_changes_no_line_of_the_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    await record(path, "one", "two", "three")
    before = load_cassette(path)[0]
    await record(path, "one", "changed", "three", mode="all")
    after = load_cassette(path)[0]
    assert [exchange for exchange in after if exchange in before] == before
    assert len(after) == len(before) + 2  # a join and its stream
    with use_cassette(path, assert_all_used=False):
        assert await call(NOWHERE, "one", "two", "changed", "three") == ["ok"] * 4


async def test_new_episodes_have_ids_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    await record(path, "one")
    await record(path, "one", "one", "two", mode="new_episodes", output="new")
    with use_cassette(path):
        assert await call(NOWHERE, "one", "one", "two") == ["ok", "new", "new"]


async def test_cassettes_share_the_description_of_an_app(tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    paths = [folder / "test_a" / "a.json", folder / "test_b" / "B" / "b.json", folder / "c.json"]
    for path in paths:
        await record(path, "one")
    assert [path.name for path in folder.iterdir() if path.is_dir()].count(SHARED_FOLDER) == 1
    shared = [*(folder / SHARED_FOLDER).iterdir()]
    assert len(shared) == 2, "one /config, and one /info"
    for path in paths:
        with use_cassette(path):
            assert await call(NOWHERE, "one") == ["ok"]
    (shared[0].parent / ("0" * 64)).touch()
    unused = [*find_unused_bodies(map(read_recording, paths))]
    assert [path.name for path in unused] == ["0" * 64]


async def test_line_ends_of_windows_in_a_shared_file_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    await record(path, "one")
    for file in (tmp_path / SHARED_FOLDER).iterdir():
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with use_cassette(path):
        assert await call(NOWHERE, "one") == ["ok"]


async def test_an_older_cassette_with_inline_descriptions_is_replayed_and_rewritten(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    await record(path, "one")
    document: dict[str, Any] = json.loads(path.read_text())
    for interaction in document["interactions"]:
        body = interaction["response"]["body"]
        if body.pop("shared", False):
            body["json"] = json.loads(BodyFiles(path).read({**body, "shared": True}))
            del body["sha256"], body["size"]
    document["metadata"]["schemas"] = {"0" * 64: ["/predict"]}
    new_text = path.read_text()
    path.write_text(json.dumps(document))
    with use_cassette(path):
        assert await call(NOWHERE, "one") == ["ok"]
    await record(path, "one")
    rewritten, expected = json.loads(path.read_text()), json.loads(new_text)
    assert rewritten["interactions"] == expected["interactions"]


async def test_a_damaged_cassette_can_be_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("<<<<<<< ours")
    await record(path, "one")
    with use_cassette(path):
        assert await call(NOWHERE, "one") == ["ok"]


def test_headers_of_a_run_are_left_out() -> None:
    (exchange,) = to_stable_form(
        [
            Exchange(
                "POST",
                "http://a/upload?upload_id=x1",
                request_headers=(("content-type", "multipart/form-data; boundary=abc"),),
                headers=(("date", "today"), ("etag", "1"), ("content-type", "text/plain")),
            )
        ]
    )
    assert exchange.url == "http://a/upload?upload_id=upload-1"
    assert exchange.request_headers == (("content-type", "multipart/form-data"),)
    assert exchange.headers == (("content-type", "text/plain"),)
