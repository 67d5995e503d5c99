from __future__ import annotations

import keyword
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.python_names import RESERVED_PARAMETERS, field_name, snake_case
from spacecall.codegen._name_spelling import (
    FIELD_NAMES,
    METHOD_NAMES,
    TUPLE_NAMES,
    Scope,
    allocate_names,
    keyword_names,
    module_name,
    output_names,
    pascal_case,
    slug,
)
from spacecall.typed import SyncTypedClient, TypedClient


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("input", "input"),
        ("maxNewTokens", "maxNewTokens"),
        ("class", "class_"),
        ("str", "str_"),
        ("_hidden", "hidden"),
        ("json", "json_"),
        ("first name", "first_name"),
        ("2nd", "value_2nd"),
        ("", "value"),
        ("model_name", "model_name"),
        ("model_dump", "model_dump_"),
    ],
)
def test_a_field_keeps_its_name_unless_that_would_break_something(text: str, name: str) -> None:
    assert field_name(text, FIELD_NAMES, fallback="value") == name


@pytest.mark.parametrize("reserved", [FIELD_NAMES, METHOD_NAMES, RESERVED_PARAMETERS, TUPLE_NAMES])
@given(st.text())
def test_any_text_gives_an_identifier(reserved: frozenset[str], text: str) -> None:
    name = field_name(text, reserved, fallback="value")
    assert name.isidentifier()
    assert not keyword.iskeyword(name)
    assert name not in reserved
    assert not name.startswith("_")


@given(st.text())
def test_a_slug_is_safe_as_a_file_name(text: str) -> None:
    file_name = slug(text)
    assert set(file_name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not file_name.startswith("-")


def test_a_slug_has_the_letters_without_their_marks() -> None:
    assert slug("Été à Zürich, số 3") == "ete-a-zurich-so-3"


@pytest.mark.parametrize("device", ["CON", "nul", "com1", "Lpt9"])
def test_a_slug_is_not_a_device_of_windows(device: str) -> None:
    assert slug(device) == f"{device.lower()}-app"


def test_names_that_python_reads_alike_are_one_name() -> None:
    scope = Scope(["file"])
    assert "\ufb01le" in scope
    names = scope.allocate(["_\u00b5", "_\u03bc"], lambda key: key)
    assert len({unicodedata.normalize("NFKC", name) for name in names.values()}) == 2


@given(st.lists(st.text(), unique=True))
def test_names_are_distinct_and_do_not_depend_on_the_order(keys: list[str]) -> None:
    def propose(key: str) -> str:
        return snake_case(key) or "value"

    names = allocate_names(keys, propose)
    assert len(set(names.values())) == len(keys)
    assert allocate_names(reversed(keys), propose) == names


def test_an_exact_spelling_keeps_the_name_that_others_want_too() -> None:
    names = allocate_names(
        ["/run-it", "/run_it"], lambda key: field_name(key, set(), fallback="call")
    )
    assert names["/run_it"] == "run_it"
    assert names["/run-it"].startswith("run_it_")


def test_outputs_are_named_by_label_then_component_then_number() -> None:
    outputs = [
        ("Answer", "textbox"),
        ("value_17", "image"),
        ("", "image"),
        ("Same", "textbox"),
        ("Same", "image"),
        ("Count", "number"),
    ]
    assert output_names(outputs) == [
        "answer",
        "image",
        "image_2",
        "same_textbox",
        "same_image",
        "count_",
    ]


@given(st.lists(st.tuples(st.sampled_from(["", "a", "A", "b 2", "b", "count"]), st.text())))
def test_output_names_never_collide(outputs: list[tuple[str, str]]) -> None:
    names = output_names(outputs)
    assert len(set(names)) == len(outputs)
    assert all(name.isidentifier() for name in names)


def test_a_parameter_that_gradio_counted_is_named_by_its_label() -> None:
    parameters = [
        ("text", "Prompt", "textbox"),
        ("param_1", "Guidance scale", "slider"),
        ("param_2", "", "image"),
        ("param_3", "", "image"),
        ("param_4", "text", "textbox"),
        ("class", "", "textbox"),
    ]
    names = ["text", "guidance_scale", "image", "image_2", "text_2", "class_"]
    assert keyword_names(parameters) == names


def test_no_method_hides_what_the_base_classes_have() -> None:
    base_names = {name for base in (TypedClient, SyncTypedClient) for name in dir(base)}
    assert {name for name in base_names if not name.startswith("_")} <= METHOD_NAMES


@pytest.mark.filterwarnings("ignore")
def test_no_field_hides_what_a_model_has() -> None:
    from pydantic import BaseModel

    names = {*dir(BaseModel), *dir(type(BaseModel))}
    assert {name for name in names if not name.startswith("_")} <= FIELD_NAMES


def test_a_module_needs_letters_or_digits() -> None:
    assert module_name("Phi4-multimodal") == "phi4_multimodal"
    assert module_name("3d") == "app_3d"
    assert module_name("import") == "import_"
    assert module_name("Con") == "con_app"
    with pytest.raises(ValueError, match="no module can be named"):
        module_name("出力")


def test_a_class_name_joins_the_words() -> None:
    assert pascal_case("phi4-multimodal") == "Phi4Multimodal"
    assert pascal_case("Qwen2.5-1M SD 3.5") == "Qwen2_5_1mSd3_5"
    assert pascal_case("été à Zürich") == "ÉtéÀZürich"
