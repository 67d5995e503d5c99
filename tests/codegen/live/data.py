"""Tables, JSON, labels, marked text, plots."""

from __future__ import annotations

from typing import Any

from tests.codegen.live.cases import Many, anything, case, has, holds


def _people(m: Any) -> dict[str, Any]:
    rows = [["Ann", 41, True], ["Bob", 7.5, False]]
    return {"people": m.DataframeData(headers=["name", "age", "member"], data=rows)}


CASES = [
    case(
        "tables.older",
        _people,
        Many(
            older=has(
                headers=["name", "age", "member"], data=[["Ann", 42, True], ["Bob", 8.5, False]]
            ),
            count_=2,
        ),
        "OlderOutput",
    ),
    case("tables.mirror", {}, has(data=[[2, 1]]), "DataframeData"),
    case(
        "tables.mirror",
        lambda m: {"points": m.DataframeData(headers=["x", "y"], data=[[1, 2], [3, None]])},
        has(headers=["x", "y"], data=[[2, 1], [None, 3]]),
        "DataframeData",
    ),
    case("tables.weather", {}, has(headers=["day", "rain"], data=[["Mon", 1.5]]), "DataframeData"),
    case("json.same", {}, {"seed": [1, 2]}, "Any"),
    case(
        "json.same",
        {"value": {"deep": [{"a": None}, 1, 1.5, True, "x"]}},
        {"deep": [{"a": None}, 1, 1.5, True, "x"]},
        "Any",
    ),
    case("json.keys", {"value": {"b": 1, "a": 2}}, {"keys": ["a", "b"]}, "Any"),
    case(
        "labels.classify",
        {"text": "x"},
        {
            "label": "good",
            "confidences": [
                {"label": "good", "confidence": 0.75},
                {"label": "bad", "confidence": 0.25},
            ],
        },
        "LabelData",
    ),
    case("labels.name", {"text": "word"}, {"label": "word", "confidences": None}, "LabelData"),
    case("labels.label", {}, has(label="a"), "LabelData"),
    case(
        "marked.mark",
        {"text": "a long word"},
        [
            {"token": "a", "class_or_confidence": None},
            {"token": "long", "class_or_confidence": "long"},
            {"token": "word", "class_or_confidence": "long"},
        ],
        "list[HighlightedToken] | None",
    ),
    case(
        "marked.again",
        lambda m: {
            "parts": [
                m.HighlightedToken(token="x", class_or_confidence="N"),
                m.HighlightedToken(token="y", class_or_confidence=0.5),
            ]
        },
        [
            {"token": "x", "class_or_confidence": "N"},
            {"token": "y", "class_or_confidence": 0.5},
        ],
        "list[HighlightedToken] | None",
    ),
    case(
        "marked.entities",
        {"text": "abcd"},
        holds({"token": "ab", "class_or_confidence": "W"}),
        "list[HighlightedToken] | None",
    ),
    case(
        "plots.line",
        {"n": 2},
        has(columns=["day", "rain", "town"], data=[[1, 0.5, "A"], [2, 1.5, "B"]]),
        "Any",
    ),
    case("plots.bars", {"n": 1}, has(columns=anything, data=anything), "Any"),
    case("plots.dots", {"n": 1}, has(columns=anything, data=anything), "Any"),
    case("plots.nothing", {"n": 1}, None, "PlotData | None"),
]
