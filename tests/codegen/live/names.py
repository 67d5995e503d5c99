"""Names that are hard to make Python of, and components that are not Gradio's own."""

from __future__ import annotations

from spacecall import File
from tests.codegen.live.cases import Many, case, has

ODD = {
    "class_": "1",
    "print": "2",
    "textbox": "3",
    "名前": "4",
    "a": "5",
    "a_2": "6",
    "value_3_words": "7",
    "café": "8",
    "self_": "9",
    "init": "10",
    "model_config": "11",
    "über_straße": "12",
}

CASES = [
    case("names.import_", ODD, " ".join(ODD.values()), "str | None", endpoint="import"),
    case(
        "names.outputs",
        {"text": "x"},
        Many(count_="x", class_="x", 名前="x", textbox="x"),
        "OutputsOutput",
    ),
    case(
        "names.same_labels",
        {"text": "x"},
        Many(same_textbox="x", same_textbox_2="x2", same_textbox_3="x3"),
        "SameLabelsOutput",
        endpoint="same-labels",
    ),
    case("names.shadowed", {}, "xyz", "str | None"),
    case("names.shadowed", {"model_dump": "1", "copy": "2", "json": "3"}, "123", "str | None"),
    case("names.twice", {"text": "x"}, "one x", "str | None"),
    case("names.twice_1", {"number": 4}, 8, "int | float | None"),
    case(
        "names.call_3d_view",
        {"text": "x"},
        "starts with a digit x",
        "str | None",
        endpoint="3d_view",
    ),
    case("names.привет", {"text": "x"}, "привет x", "str | None"),
    case("names.connect_", {"text": "x"}, "call x", "str | None", endpoint="connect"),
    case("unnamed.lambda_", {"text": "x"}, "first x", "str | None", endpoint="lambda"),
    case("unnamed.lambda_1", {"text": "x"}, "second x", "str | None"),
    case("unnamed.named_by_its_function", {"text": "x"}, "third x", "str | None"),
    case("unnamed.quiet", {"text": "x"}, "undocumented x", "str | None", typed_only=True),
    case("tabs.lambda_", {"name": "Ann"}, "Hello Ann", "str | None", endpoint="lambda", only="6"),
    case("tabs.lambda_2", {"a": 1, "b": 2}, 3, "int | float | None", only="6"),
    case("tabs.predict", {"name": "Ann"}, "Hello Ann", "str | None", only="5"),
    case("tabs.predict_1", {"a": 1, "b": 2}, 3, "int | float | None", only="5"),
    case(
        "seats.move",
        lambda m: {"seats": [m.Seat(row=1, ticket=File(b"t", name="t.txt")), m.Seat(row=5)]},
        [has(row=2, letter="a", ticket=b"t"), has(row=6, letter="a", ticket=None)],
        "list[Seat] | None",
    ),
    case("seats.free", {"value": {"any": [1]}}, {"any": [1]}, "Any"),
    case("seats.free", {"value": None}, None, "Any"),
]
