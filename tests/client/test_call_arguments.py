"""Which arguments are sent, by dynamic calls and by generated clients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import pytest

from spacecall import File, InvalidInputError, Space, SpaceError
from spacecall._client.calls.call_arguments import bind_arguments
from spacecall._core.app_components import Component
from spacecall._core.input_check import find_refusals
from spacecall.endpoints import NO_DEFAULT, Parameter
from tests.clients.protocol_app_5 import ProtocolApp5
from tests.clients.protocol_app_6 import ProtocolApp6
from tests.servers import DATA, GRADIO_6, AppServer

FILE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {}, "url": {}, "orig_name": {}, "mime_type": {}},
}
WIDGETS: dict[str, Any] = {"radio": "one", "js": None}


async def outcome(call: Any) -> object:
    """What a call gives, or the problems for which it is not made."""
    try:
        result: object = await call
    except InvalidInputError as error:
        return list(error.problems)
    except SpaceError as error:
        return type(error)
    return result


@pytest.fixture
def typed(protocol_app: AppServer, space: Space) -> Any:
    return ProtocolApp6(space) if protocol_app.version == GRADIO_6 else ProtocolApp5(space)


@pytest.mark.parametrize(
    ("endpoint", "arguments", "refused"),
    [
        ("echo", {"text": 5}, False),
        ("echo", {"text": True}, False),
        ("add", {"a": "5"}, True),
        ("add", {"a": b"5"}, True),
        ("add", {"a": True}, True),
        ("add", {"a": float("nan")}, True),
        ("add", {"a": 2**53 + 1, "b": 1}, False),
        ("widgets", {**WIDGETS, "cb": 1}, True),
        ("widgets", {**WIDGETS, "cb": "yes"}, True),
        ("widgets", {**WIDGETS, "cb": None}, False),
        ("widgets", {**WIDGETS, "slider": 21}, True),
        ("widgets", {**WIDGETS, "slider": "4"}, True),
        ("widgets", {**WIDGETS, "radio": "three"}, True),
        ("widgets", {**WIDGETS, "radio": None}, False),
        ("widgets", {**WIDGETS, "ddm": ("x", "z"), "cbg": ("c1",)}, False),
        ("widgets", {**WIDGETS, "ddm": None}, False),
        ("widgets", {"radio": "one", "js": {"a": {1}}}, True),
        ("stream_text", {"text": "a", "n": 1.7}, False),
    ],
)
async def test_dynamic_and_typed_calls_take_the_same(
    space: Space, typed: Any, endpoint: str, arguments: dict[str, Any], refused: bool
) -> None:
    dynamic: Any = await outcome(space.call(endpoint, **arguments))
    assert isinstance(dynamic, list) is refused
    result: Any = await outcome(getattr(typed, endpoint)(**arguments))
    if endpoint == "widgets" and not refused:  # whose table is a model in a typed client
        assert result[0] == dynamic[0]
    else:
        assert result == dynamic


async def test_a_cleared_textbox_is_none_for_the_function(space: Space) -> None:
    assert await space.call("/hidden_in", a=None, h="x") == "None|x"


async def test_without_the_check_anything_is_sent_that_json_has(space: Space, typed: Any) -> None:
    unchecked = space.with_options(check=False)
    sent = await unchecked.call("/widgets", **WIDGETS, cb="yes", ddm="x")
    assert "'yes'" in sent[0]
    call = typed.widgets(**WIDGETS, cb="yes")
    assert "'yes'" in (await call.with_options(check=False))[0]
    with pytest.raises(InvalidInputError, match="cb: expected a bool"):
        await unchecked.with_options(check=True).call("/widgets", **WIDGETS, cb="yes")
    with pytest.raises(
        InvalidInputError, match=r"js: 'a': \[1\]: a set cannot be sent as JSON: write list\(…\)"
    ):
        await unchecked.call("/widgets", radio="one", js={"a": [0, {1}]})
    with pytest.raises(InvalidInputError, match="text is missing"):
        await unchecked.call("/echo")


async def test_values_of_libraries_reach_the_function(space: Space) -> None:
    moment = {"dt": datetime(2024, 1, 2, 3, 4, 5)}  # noqa: DTZ001 - as a user writes it
    names = [parameter.name for parameter in space.endpoints["/more"].parameters]
    result = await space.call("/more", **{names[0]: moment["dt"], names[1]: "#ff0000"})
    assert "#ff0000" in result
    js = MappingProxyType({"a": range(2)})
    assert (await space.call("/widgets", radio="one", js=js))[2] == {"got": {"a": [0, 1]}}


class Drawing:
    """What an image of Pillow has."""

    mode = "RGB"

    def save(self, fp: BinaryIO, format: str | None = None) -> None:  # noqa: A002
        assert format == "PNG"
        fp.write((DATA / "red.png").read_bytes())


class Unwritable(Drawing):
    def save(self, fp: BinaryIO, format: str | None = None) -> None:  # noqa: A002
        raise OSError(f"cannot write mode CMYK as {format}")


async def test_an_image_of_pillow_is_sent_as_png(space: Space, typed: Any) -> None:
    calls: list[Any] = [
        space.call("/image", path=Drawing()),
        space.call_raw("/image", [Drawing()]),
        typed.image(path=Drawing()),
    ]
    for call in calls:
        image = await call
        assert image.mime_type == "image/png"
        assert await image.read() == (DATA / "red.png").read_bytes()
    assert await File(Drawing()).read() == (DATA / "red.png").read_bytes()


async def test_an_image_that_cannot_be_png_says_what_to_write(space: Space) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot write mode CMYK.*convert"):
        await space.call("/image", path=Unwritable())


def bound(
    schema: Mapping[str, Any], value: Any, component: str = "json", *, checked: bool = True
) -> Any:
    parameter = Parameter("x", "", component, schema)
    (result,) = bind_arguments(
        "/f", [parameter], {"x": value}, [], find_refusals if checked else None
    )
    return result


def test_without_the_check_what_can_be_a_file_is_one() -> None:
    assert isinstance(bound(FILE_SCHEMA, b"data", checked=False), File)
    assert bound(FILE_SCHEMA, 5, checked=False) == 5
    assert bound(FILE_SCHEMA, {"any": 1}, checked=False) == {"any": 1}


def test_without_the_check_a_text_inside_an_object_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    schema = {"type": "object", "properties": {"file": FILE_SCHEMA}}
    received = {"file": str(secret)}
    assert bound(schema, received, checked=False) == received
    with pytest.raises(InvalidInputError, match="text inside an object"):
        bound(schema, received)


def test_the_place_of_a_value_that_is_not_json_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        bound({}, {"a": [1, Path("x")]})
    assert caught.value.problems == (
        "x: 'a': [1]: a PosixPath cannot be sent as JSON: write str(…) or File(…)",
    )
    with pytest.raises(InvalidInputError, match=r"x: .*got PosixPath .*write str\(…\)"):
        bound({"type": "string"}, Path("x"), "custom")


def test_a_file_in_a_value_that_is_not_json_is_kept() -> None:
    value = bound({"type": "array", "items": {}}, (MappingProxyType({"f": File(b"x")}),))
    assert isinstance(value[0]["f"], File)


def test_components_of_another_number_are_not_taken_for_those_of_the_parameters() -> None:
    parameter = Parameter("x", "", "number", {"type": "number"}, NO_DEFAULT)
    textboxes = [Component(id=1, type="textbox")] * 2
    with pytest.raises(InvalidInputError, match="expected a number"):
        bind_arguments("/f", [parameter], {"x": "5"}, textboxes)


def test_a_default_that_is_written_out_is_the_default() -> None:
    default = {"path": "/srv/a.png", "url": None}
    file = Parameter("image", "", "image", FILE_SCHEMA, default)
    assert (
        bind_arguments("/f", [file], {})
        == bind_arguments("/f", [file], {"image": {**default}})
        == [default]
    )
    with pytest.raises(InvalidInputError, match="is not a file of Gradio"):
        bind_arguments("/f", [file], {"image": {**default, "path": "/srv/b.png"}})
    number = Parameter("n", "", "number", {"type": "number"}, 1)
    with pytest.raises(InvalidInputError):
        bind_arguments("/f", [number], {"n": True})
