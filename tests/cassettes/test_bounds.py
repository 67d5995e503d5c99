"""Cassettes of strangers that are too large, or compressed."""

from __future__ import annotations

import gzip
import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from spacecall import ProtocolError, Space
from spacecall.cassettes import CassetteError, use_cassette
from spacecall.cassettes._format import cassette_file
from spacecall.cassettes._format.bodies import MAX_JSON
from spacecall.cassettes._format.cassette_file import (
    MAX_BYTES,
    BodyFiles,
    load_cassette,
    save_cassette,
)
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._inspect.recording import read_recording

APP = "http://127.0.0.1:9"


def write_cassette(path: Path, body: dict[str, Any], **headers: str) -> Path:
    """Write a cassette whose app answers /config with `body`."""
    request: dict[str, Any] = {"method": "GET", "uri": f"{APP}/config", "headers": {}, "body": {}}
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {name.replace("_", "-"): [value] for name, value in headers.items()},
        "body": body,
        "times": [0, 0, 0],
    }
    interactions: list[dict[str, Any]] = [{"request": request, "response": response}]
    path.write_text(json.dumps({"version": 1, "interactions": interactions}))
    return path


def write_body(path: Path, content: bytes, size: int | None = None) -> dict[str, Any]:
    """Write an external body; zeros fill it up to `size`."""
    digest = hashlib.sha256(content).hexdigest()
    folder = path.with_suffix(".bodies")
    folder.mkdir()
    with (folder / f"{digest}.bin").open("wb") as file:
        file.write(content)
        file.truncate(size or len(content))
    return {"sha256": digest, "size": size or len(content)}


def test_a_cassette_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(MAX_JSON + 1)
    with pytest.raises(CassetteError, match=f"more than the {MAX_JSON} bytes"), use_cassette(path):
        pass


def test_valid_json_that_is_nested_too_deeply_is_not_called_invalid(tmp_path: Path) -> None:
    for depth, message in ((500, "the JSON is nested deeper than 136 levels"), (10**5, "nested")):
        path = tmp_path / f"{depth}.json"
        path.write_text('{"interactions": ' + "[" * depth + "]" * depth + "}")
        with pytest.raises(CassetteError, match=f"is not a cassette: .*{message}") as caught:
            load_cassette(path)
        assert "invalid" not in caught.value.message


@pytest.mark.parametrize("shared", [False, True])
def test_a_body_that_is_too_large_and_one_of_another_size_have_their_own_errors(
    tmp_path: Path, *, shared: bool
) -> None:
    path = tmp_path / "cassettes" / "a.json"
    bodies, digest = BodyFiles(path), "0" * 64
    file = bodies.shared_folder / digest if shared else bodies.folder / f"{digest}.bin"
    file.parent.mkdir(parents=True)
    most = MAX_JSON if shared else MAX_BYTES
    with file.open("wb") as content:
        content.truncate(most + 1)
    body = {"sha256": digest, "size": most + 1, "shared": shared}
    with pytest.raises(CassetteError) as caught:
        bodies.read(body)
    assert caught.value.message == (
        f"the body {file} has {most + 1} bytes, more than the {most} that are read: "
        "record a smaller response"
    )
    if not shared:  # whose size git may change
        with pytest.raises(CassetteError, match=f"has {most + 1} bytes, not 5: restore it"):
            bodies.read({**body, "size": 5})


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ("MAX_BYTES", "the response of GET /file has 70000 bytes, more than the 69999 that are"),
        (
            "MAX_JSON",
            r"it would have \d+ bytes, more than the 99 that are read: record fewer calls",
        ),
    ],
)
def test_what_could_not_be_read_again_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, message: str
) -> None:
    path = tmp_path / "a.json"
    old = Exchange("GET", f"{APP}/file", body={"string": "old"})
    save_cassette(path, [old], {}, BodyFiles(path))
    before = path.read_bytes()
    monkeypatch.setattr(cassette_file, bound, 99 if bound == "MAX_JSON" else 69_999)
    bodies = BodyFiles(path)
    large = Exchange("GET", f"{APP}/file?x", body=bodies.store(BytesIO(bytes(70_000)), "image/png"))
    with pytest.raises(CassetteError, match=f"a.json was not written: {message}"):
        save_cassette(path, [large], {}, bodies)
    bodies.discard()
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_an_external_config_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    write_cassette(path, write_body(path, b"", MAX_JSON + 1), content_type="application/json")
    assert not read_recording(path).apps


async def test_an_external_body_is_bounded_when_it_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    body = write_body(path, b"", MAX_JSON)
    write_cassette(path, body, content_type="application/json")
    with (
        use_cassette(path, mode="none"),
        pytest.raises(ProtocolError, match=r"Limits\.max_body_bytes"),
    ):
        async with Space(APP):
            pass


async def test_a_body_of_a_cassette_is_never_decompressed(tmp_path: Path) -> None:
    path = tmp_path / "compressed.json"
    compressed = gzip.compress(b"\0" * 2**26)
    write_cassette(
        path, write_body(path, compressed), content_type="application/json", content_encoding="gzip"
    )
    with use_cassette(path, mode="none"), pytest.raises(ProtocolError, match="expected JSON"):
        async with Space(APP):
            pass
