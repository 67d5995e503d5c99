"""Cassettes of strangers that are too large, or compressed."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from spacecall import ProtocolError, Space
from spacecall.cassettes import CassetteError, use_cassette
from spacecall.cassettes._format.bodies import MAX_JSON
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
    with pytest.raises(CassetteError, match=f"more than {MAX_JSON} bytes"), use_cassette(path):
        pass


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
