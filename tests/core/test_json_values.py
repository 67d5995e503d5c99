"""What is wrong with a text that is not JSON is said without Python's advice to programmers."""

from __future__ import annotations

import json
import sys

import pytest

from spacecall._core.json_values import describe_json_error


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("[" * 100_000, "is nested too deeply"),
        ("9" * (sys.get_int_max_str_digits() + 1), "has a number of too many digits"),
        ("{", "is not valid JSON: Expecting property name"),
        (b'"\xff"', "is not valid JSON: 'utf-8' codec"),
    ],
    ids=["nested", "number", "syntax", "encoding"],
)
def test_a_text_that_is_not_json_is_described(text: str | bytes, description: str) -> None:
    with pytest.raises((ValueError, RecursionError)) as caught:
        json.loads(text)
    error = caught.value
    assert isinstance(error, ValueError | RecursionError)
    assert describe_json_error(error).startswith(description)
