"""Text, and what is shown as text."""

from __future__ import annotations

from tests.codegen.live.cases import Many, case

CASES = [
    case("text.greet", {"name": "Ann"}, "Ann|Dear\nreader,|", "str | None"),
    case(
        "text.greet",
        {"name": "é ☕ \u2028", "letter": "a\nb\tc", "secret": "'\"\\"},
        "é ☕ \u2028|a\nb\tc|'\"\\",
        "str | None",
    ),
    case("text.shout", {"lines": "a\nb"}, "A\nB", "str | None"),
    case("interface.predict", {"text": "abc"}, "cba", "str | None"),
    case(
        "markup.show",
        {"source": "y = 2"},
        Many(page="<b>y = 2</b>", text="**y = 2**", code="<p>y = 2</p>"),
        "ShowOutput",
    ),
    case("markup.html", {}, "<i>old</i>", "str | None"),
    case("markup.markdown", {"value": "- one\n- two"}, "- one\n- two", "str | None"),
]
