"""Files that an app gives: handles that are read on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacecall import Auth, AuthError, File, NotFoundError, Space, TransportError
from tests.client.web import Page, file_at, web
from tests.servers import DATA, GRADIO_5, GRADIO_6

PNG = DATA / "red.png"


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_file_knows_what_the_app_says_of_it(space: Space) -> None:
    image = await space.call("/image", path=PNG)
    assert isinstance(image, File)
    assert Path(image.name).suffix == ".png"
    assert image.mime_type == "image/png"
    assert image.url is not None
    assert image.url.startswith(space.url + "/")
    assert "token" not in repr(image)


async def test_a_file_is_read_whole_or_bit_by_bit_and_more_than_once(space: Space) -> None:
    file = await space.call("/make_file", text="größer" * 100_000)
    content = await file.read()
    assert content.decode() == "größer" * 100_000
    async with file.stream() as chunks:
        pieces = [chunk async for chunk in chunks]
    assert b"".join(pieces) == content
    assert len(pieces) > 1


async def test_a_file_that_is_left_in_the_middle_leaves_the_space_usable(space: Space) -> None:
    file = await space.call("/make_file", text="x" * 5_000_000)
    async with file.stream() as chunks:
        async for _ in chunks:
            break
    assert len(await file.read()) == 5_000_000


async def test_names_with_spaces_and_accents_are_read(space: Space) -> None:
    file = await space.call("/make_file", text="inside")
    assert file.name == "made file é.txt"
    assert await file.read() == b"inside"


async def test_a_gallery_is_a_list_of_images_with_captions(space: Space) -> None:
    images = await space.call("/gallery", path=PNG)
    assert [item["caption"] for item in images] == ["one", "two"]
    assert [isinstance(item["image"], File) for item in images] == [True, True]
    assert (await images[0]["image"].read()).startswith(b"\x89PNG")


async def test_audio_comes_back_as_the_sound_it_was(space: Space) -> None:
    tone = DATA / "tone.wav"
    file = await space.call("/audio", path=tone)
    assert await file.read() == tone.read_bytes()


async def test_no_file_is_none(space: Space) -> None:
    assert await space.call("/image", path=None) is None


async def test_a_file_goes_to_a_folder_under_its_own_name(space: Space, tmp_path: Path) -> None:
    file = await space.call("/make_file", text="inside")
    assert await file.save(tmp_path) == tmp_path / "made file é.txt"
    assert (tmp_path / "made file é.txt").read_text() == "inside"
    assert files_in(tmp_path) == ["made file é.txt"]


async def test_a_file_replaces_the_one_at_its_path(space: Space, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("a longer text that was there before")
    file = await space.call("/make_file", text="new")
    assert await file.save(str(target)) == target
    assert target.read_text() == "new"


async def test_a_file_cannot_be_saved_where_there_is_no_folder(
    space: Space, tmp_path: Path
) -> None:
    file = await space.call("/make_file", text="x")
    with pytest.raises(FileNotFoundError):
        await file.save(tmp_path / "missing" / "out.txt")


@pytest.mark.parametrize("existing", [None, b"what was there"], ids=["nothing", "an older file"])
async def test_a_download_that_breaks_leaves_what_was_there(
    space: Space, tmp_path: Path, existing: bytes | None
) -> None:
    target = tmp_path / "out.bin"
    if existing is not None:
        target.write_bytes(existing)
    with web({"/half": Page(bytes(400_000), cut=200_000)}) as server:
        with pytest.raises(TransportError):
            await file_at(space, f"{server.url}/half").save(target)
        with pytest.raises(TransportError):
            await file_at(space, f"{server.url}/half").read()
    if existing is None:
        assert files_in(tmp_path) == []
    else:
        assert files_in(tmp_path) == ["out.bin"]
        assert target.read_bytes() == existing


async def test_a_file_that_is_gone_is_not_found(space: Space) -> None:
    with web({}) as server, pytest.raises(NotFoundError):
        await file_at(space, f"{server.url}/gone").read()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ("..", "file"),
        ("\x1b[31mred\n.txt", "[31mred.txt"),
        ("a" * 300 + ".png", "a" * 196 + ".png"),
        ("", "file"),
    ],
)
async def test_a_name_that_would_lead_elsewhere_is_made_safe(
    space: Space, tmp_path: Path, name: str, safe: str
) -> None:
    with web({"/x": Page(b"content")}) as server:
        file = file_at(space, f"{server.url}/x", orig_name=name or None)
        if name:
            assert file.name == safe
        inside = tmp_path / "inside"
        inside.mkdir()
        assert (await file.save(inside)).parent == inside
    assert files_in(tmp_path) == ["inside"]


async def test_names_that_a_caller_gives_are_made_safe_before_they_are_sent(space: Space) -> None:
    (file,) = await space.call("/files", files=[File(b"x", name="../../evil\n.txt")])
    assert file.name == "evil.txt"
    assert await file.read() == b"x"


@pytest.mark.parametrize("version", [GRADIO_6, GRADIO_5])
async def test_files_of_an_app_with_a_login_are_read_with_it(version: str, app_server: Any) -> None:
    server = app_server("protocol_app.py", version, env={"AUTH": "user:pass"})
    async with Space(server.url, auth=Auth(username="user", password="pass")) as space:
        image = await space.call("/image", path=PNG)
        assert (await image.read()).startswith(b"\x89PNG")
        async with space.session() as session:
            assert (await (await session.call("/image", path=PNG)).read()).startswith(b"\x89PNG")


@pytest.mark.parametrize("version", [GRADIO_6, GRADIO_5])
async def test_no_credential_goes_to_another_host(version: str, app_server: Any) -> None:
    server = app_server("protocol_app.py", version, env={"AUTH": "user:pass"})
    auth = Auth(username="user", password="pass", token="hf_secret", hosts=["localhost"])
    with web({"/x.png": Page(PNG.read_bytes())}) as elsewhere:
        async with Space(server.url, auth=auth, headers={"x-test": "secret"}) as space:
            await file_at(space, f"{elsewhere.url}/x.png").read()
            await space.call("/image", path=f"{elsewhere.url}/x.png")
    assert len(elsewhere.requests) == 2
    for path, headers in elsewhere.requests:
        assert path == "/x.png"
        assert not {"cookie", "authorization", "x-hf-authorization", "x-test"} & set(headers)


async def test_a_redirect_of_a_file_is_followed_without_credentials(space: Space) -> None:
    with web({"/there": Page(b"content")}) as elsewhere:
        moved = Page(status=302, headers={"location": f"{elsewhere.url}/there"})
        with web({"/here": moved}) as server:
            assert await file_at(space, f"{server.url}/here").read() == b"content"
    assert "cookie" not in elsewhere.requests[0][1]


@pytest.mark.parametrize("version", [GRADIO_6, GRADIO_5])
async def test_a_file_is_refused_to_who_has_not_logged_in(version: str, app_server: Any) -> None:
    server = app_server("protocol_app.py", version, env={"AUTH": "user:pass"})
    async with Space(server.url, auth=Auth(username="user", password="pass")) as space:
        image = await space.call("/image", path=PNG)
    open_server = app_server("protocol_app.py", version)
    async with Space(open_server.url) as stranger:
        with pytest.raises(AuthError):
            await file_at(stranger, image.url).read()


async def test_a_folder_that_does_not_exist_is_not_made_a_file(
    space: Space, tmp_path: Path
) -> None:
    file = await space.call("/image", path=PNG)
    with pytest.raises(FileNotFoundError, match="the folder does not exist"):
        await file.save(f"{tmp_path}/new/")
    assert files_in(tmp_path) == []
