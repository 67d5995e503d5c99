"""Files that are saved into a folder: none replaces another."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from spacecall import File, FileSuffixWarning, FileTooLargeError, SyncSpace
from spacecall._atomic import Replacement
from tests.hostile.server import HostileServer


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_files_of_one_name_are_numbered(tmp_path: Path) -> None:
    files = [File(str(number).encode(), name="image.webp") for number in range(1, 12)]
    paths = [await file.save(tmp_path) for file in files]
    assert [path.name for path in paths[:3]] == ["image.webp", "image-2.webp", "image-3.webp"]
    assert [path.read_bytes() for path in paths] == [str(n).encode() for n in range(1, 12)]
    assert names_in(tmp_path) == sorted(path.name for path in paths)


async def test_files_that_are_saved_at_once_are_numbered_too(tmp_path: Path) -> None:
    paths: list[Path] = []

    async def save(content: bytes) -> None:
        paths.append(await File(content, name="image.webp").save(tmp_path))

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(save, str(number).encode())
    assert len(set(paths)) == 20
    assert {path.read_bytes() for path in paths} == {str(n).encode() for n in range(20)}
    assert names_in(tmp_path) == sorted(path.name for path in paths)


async def test_what_is_in_a_folder_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("older")
    (tmp_path / "b").mkdir()
    (tmp_path / "c.txt").symlink_to(tmp_path / "nowhere")
    for name, saved in (("a.txt", "a-2.txt"), ("b", "b-2"), ("c.txt", "c-2.txt")):
        path = await File(b"new", name=name).save(tmp_path)
        assert (path.name, path.read_bytes()) == (saved, b"new")
    assert (tmp_path / "a.txt").read_text() == "older"
    assert names_in(tmp_path) == ["a-2.txt", "a.txt", "b", "b-2", "c-2.txt", "c.txt"]


async def test_a_number_that_is_taken_is_passed_over(tmp_path: Path) -> None:
    for name in ("x.txt", "x-2.txt", "x-3.txt", "x-5.txt"):
        (tmp_path / name).touch()
    paths = [await File(b"new", name="x.txt").save(tmp_path) for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(path.read_bytes() == b"new" for path in paths)


async def test_a_file_that_cannot_be_saved_leaves_its_name_free(tmp_path: Path) -> None:
    with pytest.raises(FileTooLargeError):
        await File(b"large", name="x.txt").save(tmp_path, max_bytes=2)
    assert names_in(tmp_path) == []
    assert (await File(b"s", name="x.txt").save(tmp_path)).name == "x.txt"


def publish(folder: Path, content: bytes = b"x") -> Path:
    replacement = Replacement(folder / "image.webp", numbered=True)
    replacement.file.write(content)
    replacement.finish(sync=False)
    return replacement.publish()


def test_a_published_file_has_one_path_however_often_it_is_published(tmp_path: Path) -> None:
    assert publish(tmp_path).name == "image.webp"
    replacement = Replacement(tmp_path / "image.webp", numbered=True)
    replacement.finish(sync=False)
    assert {replacement.publish().name, replacement.publish().name} == {"image-2.webp"}
    assert names_in(tmp_path) == ["image-2.webp", "image.webp"]


def test_a_name_is_found_in_few_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    exists: Callable[[Path], bool] = os.path.lexists

    def counted(path: Path) -> bool:
        nonlocal looks
        looks += 1
        return exists(path)

    for _ in range(1000):
        publish(tmp_path)
    monkeypatch.setattr(os.path, "lexists", counted)
    assert publish(tmp_path).name == "image-1001.webp"
    assert looks < 30


def test_without_links_nothing_is_replaced_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    paths = [publish(tmp_path, content) for content in (b"1", b"2", b"3")]
    assert [path.name for path in paths] == ["image.webp", "image-2.webp", "image-3.webp"]
    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3"]
    assert names_in(tmp_path) == ["image-2.webp", "image-3.webp", "image.webp"]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_name_that_is_taken_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    exists: Callable[[Path], bool] = os.path.lexists
    raced: list[Path] = []

    def race(path: Path) -> bool:
        if exists(path):
            return True
        if not raced:
            Path(path).write_bytes(b"theirs")
            raced.append(Path(path))
        return False

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os.path, "lexists", race)
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    assert publish(tmp_path, b"mine").name == "image-2.webp"
    assert (tmp_path / "image.webp").read_bytes() == b"theirs"
    assert (tmp_path / "image-2.webp").read_bytes() == b"mine"


WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "


async def test_a_suffix_of_another_type_is_warned_of_and_the_content_kept(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    with pytest.warns(FileSuffixWarning, match=r"out\.png .* save it as out\.webp") as caught:
        assert await File(WEBP).save(path) == path
    assert path.read_bytes() == WEBP
    assert caught[0].filename == __file__


def test_a_synchronous_save_warns_at_its_line_too(tmp_path: Path) -> None:
    with (
        HostileServer() as server,
        SyncSpace(server.url, describe=False) as space,
        pytest.warns() as caught,
    ):
        space.save(File(WEBP), tmp_path / "out.JPG")
    assert [(item.category, item.filename) for item in caught] == [(FileSuffixWarning, __file__)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("out.webp", WEBP),
        ("out.bin", WEBP),
        ("out", WEBP),
        ("out.png", b"text"),
        ("out.jpeg", b"\xff\xd8\xff"),
        ("out.m4a", b"\0\0\0\0ftypisom"),  # audio and video share a container
        ("out.opus", b"OggS"),
    ],
)
async def test_other_suffixes_are_not_warned_of(name: str, content: bytes, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await File(content).save(tmp_path / name)
        await File(content, name="out.gif").save(tmp_path)  # the app's own name
