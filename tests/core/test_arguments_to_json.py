"""Values of Python and its libraries, and the JSON that they are sent as."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from spacecall._core.app_components import Component
from spacecall._core.arguments_to_json import find_unsendable, is_json, suggest_conversion, to_json
from spacecall.errors import InvalidInputError

ANY = Component(id=1, type="json")
TABLE = Component(id=1, type="dataframe", props={"headers": ["x", "y"]})
MOMENT = Component(id=1, type="datetime")
DAY = Component(id=1, type="datetime", props={"include_time": False})
NOON = datetime(2024, 1, 2, 12, 0, 5)  # noqa: DTZ001 - as a user writes it


class Array:
    """What numpy's arrays and scalars have."""

    def __init__(self, values: Any, *shape: int, dtype: str = "f") -> None:
        self.values = values
        self._shape = shape
        self._dtype = type("dtype", (), {"kind": dtype})()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def dtype(self) -> object:
        return self._dtype

    def tolist(self) -> Any:
        return self.values


class Column:
    """What a Series of polars has."""

    dtype = "Int64"
    shape = (2,)

    def to_list(self) -> list[int]:
        return [1, 2]


class Frame:
    """What a DataFrame of pandas has."""

    iloc = None

    def __init__(self, columns: list[Any], rows: list[list[Any]]) -> None:
        self._columns = columns
        self._rows = rows

    @property
    def columns(self) -> list[Any]:
        return self._columns

    def to_dict(self, orient: str) -> dict[str, Any]:
        assert orient == "split"
        return {"index": [7], "columns": self._columns, "data": self._rows}


class PolarsFrame:
    """What a DataFrame of polars has."""

    columns = ("a", "b")

    def iter_rows(self) -> Iterator[tuple[int, str]]:
        yield 1, "x"

    def rows(self) -> list[tuple[int, str]]:
        return list(self.iter_rows())


class NAType:
    """What pandas writes for nothing."""


class NaTType(datetime):
    """What pandas writes for no time."""


class Image:
    """What an image of Pillow has."""

    mode = "RGB"

    def save(self, file: object) -> None: ...


class Options(BaseModel):
    class_: int = Field(alias="class")


class Colour(Enum):
    RED = "red"


class Word(StrEnum):
    HELLO = "hello"


@dataclass
class Point:
    x: int


def nowhere(_: object) -> bool:
    return False


@pytest.mark.parametrize("value", [None, 5, "ä", [1.5, {"a": (True,)}], {1: 2}, Word.HELLO])
def test_json_is_sent_as_it_is(value: object) -> None:
    assert is_json(value)
    assert find_unsendable(value, nowhere) == []


class Broken(dict[str, int]):
    def items(self) -> Any:
        raise LookupError("no items")


@pytest.mark.parametrize("value", [{1}, b"a", float("nan"), "\ud800", Broken(a=1)])
def test_what_is_not_json_is_told_apart(value: object) -> None:
    assert not is_json(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Array(5), 5),
        (Array([[1, 2]], 1, 2), [[1, 2]]),
        (Column(), [1, 2]),
        ([Array(1), {"a": Array(2.5)}], [1, {"a": 2.5}]),
        ({Array(3): "x"}, {3: "x"}),
        (MappingProxyType({"a": range(2)}), {"a": [0, 1]}),
        (deque([1]), [1]),
        ((1, (2,)), [1, [2]]),
        (Options.model_validate({"class": 5}), {"class": 5}),
        ([Options.model_validate({"class": 5})], [{"class": 5}]),
        (Array([Array(1)], 1), [1]),
    ],
)
def test_values_of_libraries_have_one_meaning(value: object, expected: object) -> None:
    converted = to_json(value, ANY)
    assert converted == expected
    assert is_json(converted)


def test_what_has_no_meaning_in_json_stays_and_is_named_with_its_place() -> None:
    value = to_json({"a": [1, Path("x")], "b": {"c": Decimal(1)}, 5: float("nan")}, ANY)
    assert find_unsendable(value, nowhere) == [
        "'a': [1]: a PosixPath cannot be sent as JSON: write str(…) or File(…)",
        "'b': 'c': a Decimal cannot be sent as JSON: write float(…)",
        "5: nan cannot be sent as JSON: write None",
    ]
    assert find_unsendable(value, lambda item: isinstance(item, (Path, Decimal)))[0].startswith(
        "5: "
    )


def test_only_the_first_places_are_named() -> None:
    assert len(find_unsendable([{1}] * 100, nowhere)) == 20


def test_keys_and_texts_that_cannot_be_sent_are_named() -> None:
    assert find_unsendable({(1, 2): 3}, nowhere) == ["a tuple as a key cannot be sent as JSON"]
    assert find_unsendable(["\ud800"], nowhere) == [
        "[0]: '\\ud800' cannot be sent as JSON: it has half of a surrogate pair"
    ]
    assert find_unsendable({"\ud800": 1}, nowhere) == [
        "'\\ud800' cannot be sent as JSON: it has half of a surrogate pair"
    ]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (Path("x"), "File("),
        (b"x", "decode"),
        (NOON, "isoformat"),
        (time(1), "isoformat"),
        (timedelta(1), "total_seconds"),
        (Colour.RED, "value"),
        (Decimal(1), "float("),
        (Fraction(1, 2), "float("),
        (UUID(int=0), "str("),
        ({1}, "list("),
        (iter(()), "list("),
        (Frame([], []), "to_dict("),
        (PolarsFrame(), "to_dicts("),
        (Array([], 0), "fromarray"),
        (Image(), "File("),
        (Point(1), "asdict"),
    ],
)
def test_the_message_says_what_to_write(value: object, word: str) -> None:
    assert word in suggest_conversion(value)
    assert word in find_unsendable(value, nowhere)[0]


@pytest.mark.parametrize("value", [object(), "text", 5, None, Point, complex(1)])
def test_there_is_no_advice_where_nothing_comes_to_mind(value: object) -> None:
    assert suggest_conversion(value) == ""


def test_a_table_is_what_a_dataframe_takes() -> None:
    nan = float("nan")
    frame = Frame(["a", 5], [[Array(1), NOON], [nan, NAType()], ["x", date(2024, 1, 2)]])
    assert to_json(frame, TABLE) == {
        "headers": ["a", "5"],
        "data": [[1, "2024-01-02 12:00:05"], [None, None], ["x", "2024-01-02"]],
    }
    assert to_json(PolarsFrame(), TABLE) == {"headers": ["a", "b"], "data": [[1, "x"]]}


def test_rows_have_the_headers_of_the_dataframe_where_they_are_as_many() -> None:
    assert to_json(Array([[1, 2]], 1, 2), TABLE) == {"headers": ["x", "y"], "data": [[1, 2]]}
    assert to_json(Array([[1]], 1, 1), TABLE) == {"headers": ["1"], "data": [[1]]}
    assert to_json(Array([1], 1), TABLE) == [1]
    assert to_json({"headers": [], "data": range(1)}, TABLE) == {"headers": [], "data": [0]}


def test_a_table_stays_what_it_is_where_no_dataframe_is() -> None:
    frame = Frame(["a"], [[1]])
    assert to_json(frame, ANY) is frame


def test_a_cell_that_is_not_json_is_named_with_its_row() -> None:
    value = to_json(Frame(["a"], [[1], [Decimal(2)]]), TABLE)
    (line,) = find_unsendable(value, nowhere)
    assert line.startswith("'data': [1]: [0]: a Decimal cannot be sent")


@pytest.mark.parametrize(
    ("value", "component", "expected"),
    [
        (NOON, MOMENT, "2024-01-02 12:00:05"),
        (date(2024, 1, 2), MOMENT, "2024-01-02 00:00:00"),
        (date(2024, 1, 2), DAY, "2024-01-02"),
        (datetime(2024, 1, 2), DAY, "2024-01-02"),  # noqa: DTZ001
    ],
)
def test_a_moment_is_the_text_of_its_component(
    value: date, component: Component, expected: str
) -> None:
    assert to_json(value, component) == expected


def test_a_moment_that_the_component_would_change_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="a date without a time"):
        to_json(NOON, DAY)
    with pytest.raises(InvalidInputError, match="the zone of its server"):
        to_json(datetime(2024, 1, 2, tzinfo=UTC), MOMENT)


def test_no_time_is_none() -> None:
    assert to_json(NaTType(1, 1, 1), MOMENT) is None
    assert to_json(Frame(["a"], [[NaTType(1, 1, 1)]]), TABLE)["data"] == [[None]]


def test_a_moment_in_the_zone_of_the_component_is_its_text() -> None:
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    utc = Component(id=1, type="datetime", props={"timezone": "UTC"})
    assert to_json(moment, utc) == "2024-01-02 00:00:00"
    paris = Component(id=1, type="datetime", props={"timezone": "Europe/Paris"})
    with pytest.raises(InvalidInputError, match="means 'Europe/Paris'"):
        to_json(moment, paris)


def test_an_image_in_a_gallery_is_an_entry_of_it() -> None:
    image = Image()
    gallery = Component(id=1, type="gallery")
    assert to_json([image, {"image": image}, (image, "a caption")], gallery) == [
        {"image": image},
        {"image": image},
        [image, "a caption"],
    ]
    assert to_json(image, gallery) is image


def test_an_array_is_no_file() -> None:
    picture = Array([[1]], 1, 1)
    assert to_json(picture, Component(id=1, type="image")) is picture
    assert to_json(Array(1), Component(id=1, type="image")) == 1


def test_times_of_numpy_stay_since_they_would_be_numbers_of_no_unit() -> None:
    value = to_json({"a": Array([5], 1, dtype="M")}, ANY)
    (line,) = find_unsendable(value, nowhere)
    assert line == "'a': an Array cannot be sent as JSON: write ….astype(str).tolist()"


def test_a_value_that_cannot_be_read_is_an_invalid_input() -> None:
    with pytest.raises(InvalidInputError, match=r"cannot read the Broken: .*no items"):
        to_json(Broken(a=1), ANY)
    with pytest.raises(InvalidInputError, match="cannot read the list: no items"):
        to_json([Broken(a=1)], TABLE)


def test_a_value_without_end_is_told_by_its_depth() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert not is_json(endless)
    with pytest.raises(RecursionError):
        to_json(endless, ANY)


def test_keys_that_are_one_key_in_json_are_refused_with_their_place() -> None:
    for keys in (
        {1: "a", "1": "b"},
        {True: 1, "true": 2},
        {None: 1, "null": 2},
        {1.5: 1, "1.5": 2},
    ):
        assert not is_json(keys)
        (line,) = find_unsendable([{"a": keys}], nowhere)
        first, second = keys
        assert line == (
            f"[0]: 'a': the keys {first!r} and {second!r} are one key in JSON: keep one of them"
        )
    assert is_json({1: "a", 2: "b"})
    assert find_unsendable({1: "a", "b": 2, None: 3}, nowhere) == []


def test_an_int_that_python_does_not_write_is_named_with_its_place() -> None:
    huge = 10**5000
    assert not is_json(huge)
    line = "an int with too many digits cannot be sent as JSON"
    assert find_unsendable({"a": [huge]}, nowhere) == [f"'a': [0]: {line}"]
    assert find_unsendable({huge: 1}, nowhere) == [line]
    assert find_unsendable({10**30: 10**4000}, nowhere) == []


class LongDouble(Array):
    """What numpy's longdouble has: it is its own list."""

    def __init__(self, number: float, dtype: str = "f") -> None:
        super().__init__(None, dtype=dtype)
        self._number = number

    def tolist(self) -> Any:
        return self

    def __float__(self) -> float:
        return self._number


def test_a_number_that_python_does_not_have_is_a_float() -> None:
    assert to_json([LongDouble(0.5)], ANY) == [0.5]
    assert to_json({LongDouble(0.5): Array([LongDouble(1.5)], 1)}, ANY) == {0.5: [1.5]}
    complex_number = LongDouble(0.5, dtype="c")
    assert to_json(complex_number, ANY) is complex_number
    assert find_unsendable(complex_number, nowhere)


def test_parts_of_a_second_are_refused() -> None:
    for component in (MOMENT, DAY):
        with pytest.raises(
            InvalidInputError, match=r"whole seconds: write ….replace\(microsecond=0"
        ):
            to_json(NOON.replace(microsecond=5), component)


class Datetime64(Array):
    """What a scalar of numpy's datetime64 has."""

    def __init__(self, written: str) -> None:
        super().__init__(0, dtype="M")
        self._written = written

    def __str__(self) -> str:
        return self._written


def test_a_moment_of_numpy_is_the_text_of_its_component() -> None:
    assert to_json(Datetime64("2024-01-02T03:04:05.000000000"), MOMENT) == "2024-01-02 03:04:05"
    assert to_json(Datetime64("2024-01-02"), MOMENT) == "2024-01-02 00:00:00"
    assert to_json(Datetime64("2024-01-02"), DAY) == "2024-01-02"
    assert to_json(Datetime64("NaT"), MOMENT) is None
    assert to_json(NAType(), MOMENT) is None
    with pytest.raises(InvalidInputError, match="whole seconds"):
        to_json(Datetime64("2024-01-02T03:04:05.5"), MOMENT)
    with pytest.raises(InvalidInputError, match="cannot read the"):
        to_json(Datetime64("2024-01"), MOMENT)


def test_a_time_of_any_day_is_refused_with_what_to_write() -> None:
    with pytest.raises(InvalidInputError, match=r"write datetime.combine\(day, …\)"):
        to_json(time(3), MOMENT)


def test_the_rows_of_a_table_are_taken_with_the_callers_headers() -> None:
    rows = [[1, NAType()]]
    arguments: dict[str, Any] = {
        "headers": ["p", "q"],
        "data": Frame(["a", "b"], rows),
        "metadata": None,
    }
    assert to_json(arguments, TABLE) == {
        "headers": ["p", "q"],
        "data": [[1, None]],
        "metadata": None,
    }
    arguments["data"] = Array([[1, 2]], 1, 2)
    assert to_json(arguments, TABLE)["data"] == [[1, 2]]
    arguments["data"] = ([1, 2],)
    assert to_json(arguments, TABLE)["data"] == [[1, 2]]


def test_advice_is_of_a_kind_that_is_taken() -> None:
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    assert suggest_conversion(moment, ("number", "null")) == "write ….timestamp()"
    assert suggest_conversion(moment, ("string",)) == "write ….isoformat()"
    assert suggest_conversion(date(2024, 1, 2), ("number",)) == ""
    assert suggest_conversion(Path("x"), ("array",)) == ""
    assert suggest_conversion(Colour.RED, ("number",)) == "write ….value"
