"""A pipe, a device or a folder in place of a cassette or a body is an error at once."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from anyio import fail_after

from spacecall.cassettes import CassetteError, use_cassette
from spacecall.cassettes._engine.record_modes import MODES, RecordMode
from spacecall.cassettes._format.bodies import StoredBody
from spacecall.cassettes._format.cassette_file import (
    EXTERNAL_FROM,
    BodyFiles,
    load_cassette,
    save_cassette,
)
from spacecall.cassettes._format.exchange import Exchange

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with a name")

DEADLINE = 10.0


@pytest.fixture(params=["pipe", "device", "folder"])
def special(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A pipe that nobody writes, a link to a device without an end, or a folder."""
    path = tmp_path / "special.json"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    return path


@pytest.mark.parametrize("mode", MODES)
def test_a_cassette_that_is_not_a_regular_file_is_refused_before_its_use(
    mode: RecordMode, special: Path
) -> None:
    def use() -> None:
        with use_cassette(special, mode=mode):
            pytest.fail("it was used")

    with pytest.raises(CassetteError, match=r"special.json is a .*: name a file"):
        use()
    assert not list(special.parent.glob(".*.lock"))


def test_a_cassette_that_is_not_a_regular_file_is_not_read(special: Path) -> None:
    with pytest.raises(CassetteError, match=r"special.json is a .*: name a file"):
        load_cassette(special)


@pytest.fixture
def special_body(special: Path) -> tuple[BodyFiles, StoredBody]:
    """The bodies of a cassette, and one that is stored in a special file."""
    bodies, digest = BodyFiles(special.with_name("cassette.json"), lambda value: value), "0" * 64
    bodies.folder.mkdir()
    special.rename(bodies.folder / f"{digest}.bin")
    return bodies, {"sha256": digest, "size": 0}


async def test_a_body_that_is_not_a_regular_file_is_not_read(
    special_body: tuple[BodyFiles, StoredBody],
) -> None:
    bodies, body = special_body
    with fail_after(DEADLINE):
        with pytest.raises(CassetteError, match=r"is a .*: restore it"):
            bodies.read(body)
        with pytest.raises(CassetteError, match=r"is a .*: restore it"):
            await anext(bodies.stream(body))


def test_a_link_to_a_cassette_stays_a_link_when_it_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "target.json", tmp_path / "link.json"
    target.write_bytes(b"")
    link.symlink_to(target)
    content = "a" * 2 * EXTERNAL_FROM
    bodies = BodyFiles(link)
    stored = bodies.store(BytesIO(content.encode()), "text/plain")
    exchange = Exchange("GET", "http://127.0.0.1:9/", (), {})
    exchange.body = stored
    save_cassette(link, [exchange], {}, bodies)
    assert link.is_symlink()
    for path in (link, target):
        [loaded] = load_cassette(path)[0]
        assert BodyFiles(path).read(loaded.body).decode() == content


@pytest.mark.parametrize("kind", ["broken link", "loop of links"])
@pytest.mark.parametrize("mode", MODES)
def test_a_link_that_leads_nowhere_is_refused_before_its_use(
    mode: RecordMode, kind: str, tmp_path: Path
) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(link if kind == "loop of links" else tmp_path / "missing.json")

    def use() -> None:
        with use_cassette(link, mode=mode):
            pytest.fail("it was used")

    with pytest.raises(CassetteError, match=f"link.json is a {kind}"):
        use()
