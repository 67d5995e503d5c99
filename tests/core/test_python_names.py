"""Names made of an app's texts are keywords, different, and the same wherever they are made."""

from __future__ import annotations

from keyword import iskeyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.python_names import UniqueNames, field_name, parameter_names, snake_case


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Your pet's fancy name:", "your_pets_fancy_name"),
        ("camelCase URLParts", "camel_case_url_parts"),
        ("Größe", "größe"),
        ("Gro\u0308ße", "größe"),
        ("İsim x\u0302", "isim_x"),
        ("Số bước", "số_bước"),
        ("Café crème", "café_crème"),
        ("Привет, мир", "привет_мир"),
        ("出力テキスト", "出力テキスト"),
        ("🚀 Generate", "generate"),
        ("3D model", "3d_model"),
        ("../../etc/passwd", "etc_passwd"),
        ("a\u202eb", "a_b"),
        ("__import__", "import"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_a_label_becomes_a_readable_name(text: str, name: str) -> None:
    assert snake_case(text) == name


@pytest.mark.parametrize("character", ["a", "1", " ", "é", "\u0301", "Aa", "名", "a "])
def test_a_long_text_gives_a_short_name(character: str) -> None:
    assert len(snake_case(character * 300)) <= 60


def test_a_keyword_or_a_reserved_name_gets_an_underscore() -> None:
    names = [field_name(text, {"id"}, fallback="value") for text in ("class", "id", "1st", "a_b")]
    assert names == ["class_", "id_", "value_1st", "a_b"]


def test_the_functions_own_names_stay_and_labels_name_the_others() -> None:
    parameters = [
        ("prompt", "Text", "textbox"),
        ("param_1", "Prompt", "slider"),
        ("param_2", "", "image"),
        ("", "parameter_7", "image"),
        ("value_1", "Seed", "number"),
    ]
    assert parameter_names(parameters) == ["prompt", "prompt_2", "image", "image_2", "value_1"]


def test_a_label_that_only_begins_with_its_text_after_very_much_space_names_nothing() -> None:
    assert parameter_names([("", " " * 500 + "Width", "number")]) == ["number"]


def test_names_that_the_app_gives_twice_are_numbered() -> None:
    assert parameter_names([("a", "", "number")] * 3) == ["a", "a_2", "a_3"]


def test_names_are_written_as_the_caller_wants_them() -> None:
    parameters = [("self", "", "number"), ("param_1", "self_", "number")]
    assert parameter_names(parameters, {"self": "self_"}) == ["self_", "self__2"]


SLOT = st.tuples(
    st.sampled_from(["", "param_0", "param_1", "a", "value_2", "value"]) | st.text(max_size=4),
    st.sampled_from(["", "value", "Value", "value 2", "param_1", "a", "class"]) | st.text(),
    st.sampled_from(["", "number", "param_1", "value"]),
)


@given(st.lists(SLOT, max_size=6))
def test_names_differ_and_name_themselves(slots: list[tuple[str, str, str]]) -> None:
    names = parameter_names(slots)
    assert len({*names}) == len(names)
    generated = [
        name
        for name, (function_name, *_) in zip(names, slots, strict=True)
        if function_name in ("", "param_0")
    ]
    assert all(name.isidentifier() and not iskeyword(name) for name in generated)
    again = [(name, label, kind) for name, (_, label, kind) in zip(names, slots, strict=True)]
    assert parameter_names(again) == names


def test_equal_names_cost_what_their_number_is() -> None:
    numbering = UniqueNames(set())
    names = [numbering.add("a") for _ in range(50_000)]
    assert names[-1] == "a_50000"
