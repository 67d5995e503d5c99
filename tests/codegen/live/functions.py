"""Plain functions, State, updates, streams, batches, the ways to the queue; rare components."""

from __future__ import annotations

from tests.codegen.live.cases import Many, case

CASES = [
    case(
        "functions.plain",
        {"n": 2, "words": ["a"], "loud": True},
        {"A": 3},
        "dict[str, int]",
    ),
    case("functions.union", {"value": 3}, "3 None a", "str"),
    case("functions.union", {"value": "3", "maybe": "x", "mode": "b"}, "'3' 'x' b", "str"),
    case(
        "functions.modern",
        {"value": None, "pair": (1, "z"), "table": {"x": [1, 0.5]}},
        [0, 1, "z", "1.5"],
        "list[int | str]",
    ),
    case(
        "functions.shape",
        lambda m: {"point": m.Api(x=1, y=2.5), "shapes": [m.ApiItem(name="s", points=[])]},
        {"x": 2, "y": 2.5},
        "Api",
    ),
    case("functions.nothing", {}, None, "None"),
    case("functions.numbers", {"n": 2}, None, "None"),
    case("functions.counted", {"n": 3}, 2, "int", streams=[0, 1, 2]),
    case("state.remember", {"said": "a"}, ["a"], "Any"),
    case("state.count", {}, 0, "int | None"),
    case("updates.update", {"text": "x"}, Many(text="X", pick="q", hidden=None), "UpdateOutput"),
    case("updates.range", {"text": "x"}, 15, "int | float"),
    case(
        "streams.repeat",
        {"word": "x", "times": 3},
        Many(words="xxx", count_=3),
        "RepeatOutput",
        streams=[Many(words="x" * n, count_=n) for n in (1, 2, 3)],
    ),
    case(
        "streams.grow",
        {"times": 2},
        {"items": [0, 1], "last": {"n": 1}},
        "Any",
        streams=[{"items": list(range(n + 1)), "last": {"n": n}} for n in (0, 1)],
    ),
    case("streams.letters", {"word": "ab"}, "b", "str | None", streams=["a", "b"]),
    case("queues.at_once", {"text": "x"}, "at once x", "str | None"),
    case("queues.json_at_once", {"value": {"k": [1]}}, {"got": {"k": [1]}}, "Any"),
    case("queues.batch", {"texts": "x"}, "X", "str | None"),
    case(
        "queues.batch_of_two",
        {"texts": "x", "numbers": 2},
        Many(answer="xx", again=2),
        "BatchOfTwoOutput",
    ),
    case("queues.checked", {"text": "good"}, "good", "str | None"),
    case("queues.first", {"text": "x"}, "first x", "str | None"),
    case("queues.then", {"text": "x"}, "then x", "str | None"),
    case("rare.explore", {"path": [["own.py"]]}, "own.py", "str | None"),
    case("rare.parameters", {"value": {}}, {}, "Any"),
    case("rare.sample", {"rows": 1}, ["b"], "Any"),
    case("rare.timer", {"tick": 2}, "2", "str | None"),
    case("rare.press", {}, "Press", "str | None"),
]
