"""Numbers, switches, times, colours, choices."""

from __future__ import annotations

from tests.codegen.live.cases import Many, begins, case

CASES = [
    case("numbers.multiply", {"real": 1.5}, 7.5, "int | float | None"),
    case("numbers.multiply", {"real": 3, "limited": 10}, 30, "int | float | None"),
    case("numbers.kinds", {}, Many(whole=3, cents=1.25, kinds="int float"), "KindsOutput"),
    case(
        "numbers.kinds",
        {"whole": -7, "cents": 2.5},
        Many(whole=-7, cents=2.5, kinds="int float"),
        "KindsOutput",
    ),
    case("numbers.maybe", {"maybe": None}, "None", "str | None"),
    case("numbers.maybe", {"maybe": 3}, "3", "str | None"),
    case("sliders.slide", {}, Many(sum=18, fineness=0.5), "SlideOutput"),
    case(
        "sliders.slide",
        {"steps": 50, "fine": 0, "shift": -10},
        Many(sum=40, fineness=0),
        "SlideOutput",
    ),
    case("switches.turn", {}, Many(turned=False, both="True False"), "TurnOutput"),
    case(
        "switches.turn",
        {"on": False, "off": True},
        Many(turned=True, both="False True"),
        "TurnOutput",
    ),
    case(
        "times.when",
        {"when": "2024-05-06 07:08:09"},
        Many(seen=begins("17"), back=begins("2024-05-0")),
        "WhenOutput",
    ),
    case(
        "times.day",
        {"day": "2024-05-06"},
        Many(seen="'2024-05-06'", back="2024-05-06"),
        "DayOutput",
    ),
    case("times.tomorrow", {"moment": "2024-02-28 12:00:00"}, "2024-02-29 12:00:00", "str | None"),
    case("times.colour", {}, "#ff0000", "str | None"),
    case("times.colour", {"value": "rgba(1, 2, 3, 0.5)"}, "rgba(1, 2, 3, 0.5)", "str | None"),
    case("radio.describe", {"mode": "t"}, "small 2 t", "str | None"),
    case(
        "radio.describe", {"size": "large", "level": 3, "mode": None}, "large 3 None", "str | None"
    ),
    case("radio.level", {"value": 1}, 1, "Level | int | float | None"),
    case("radio.mode", {"value": "q"}, "q", "str | None"),
    case("radio.mode", {"value": None}, None, "str | None"),
    case("radio.place", {}, 1, "int | float | None"),
    case("radio.change", {"kept": "large"}, "new", "str | None"),
    case("dropdowns.pick", {}, "cat ['red'] Rome []", "str | None"),
    case(
        "dropdowns.pick",
        {"animal": "dog", "colours": ("blue", "red"), "city": "Ys", "tags": ["a", "own"]},
        "dog ['blue', 'red'] Ys ['a', 'own']",
        "str | None",
    ),
    case(
        "dropdowns.amount",
        {"amount": 20},
        Many(amount=20, more=21),
        "AmountOutput",
    ),
    case("dropdowns.mixed", {}, "'auto'", "str | None"),
    case("dropdowns.mixed", {"mixed": 0}, "0", "str | None"),
    case("dropdowns.mixed", {"mixed": 1.5}, "1.5", "str | None"),
    case("dropdowns.colours", {"value": ["green"]}, ["green"], "list[str] | None"),
    case("dropdowns.nothing_picked", {}, None, "str | None"),
    case("dropdowns.filled_later", {}, ["x", "y"], "list[str | int | float] | None"),
    case(
        "groups.tick",
        {"letters": ["a", "c"], "numbers": [2], "pairs": ["1", "2"]},
        Many(turned=["c", "a"], numbers=[2], pairs=["1", "2"]),
        "TickOutput",
    ),
    case("groups.tick", {}, Many(turned=["a"], numbers=[], pairs=[]), "TickOutput"),
]
