"""Texts of others, made safe to show."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spacecall._visible import escape_commands, shorten, visible, visible_json, visible_line
from spacecall.errors import SpaceError

UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
JOINERS = {"\u200c", "\u200d"}
TEXTS = st.text(st.characters(), max_size=40)


def raw(text: str) -> set[str]:
    return {char for char in text if unicodedata.category(char) in UNSEEN} - {"\n", "\t"}


def test_every_character_that_has_no_look_is_escaped_after_a_letter() -> None:
    characters = (chr(code) for code in range(0x110000))
    unseen = [char for char in characters if unicodedata.category(char) in UNSEEN]
    # Signs of Arabic, Syriac and of other scripts that stand before digits, and have a look.
    seen = {char for char in unseen if raw(visible(f"a{char}b"))} - {"\n", "\t"}
    assert {unicodedata.name(char).split()[0] for char in seen} <= {
        *("ARABIC", "SYRIAC", "KAITHI"),
    }


def test_a_text_is_cut_where_it_is_too_long() -> None:
    assert (shorten("abc", 3), shorten("abcd", 3), len(shorten("x" * 200))) == ("abc", "abc…", 101)


def test_an_error_shows_the_beginning_of_a_long_message_and_of_its_place() -> None:
    error = SpaceError("x" * 10**6, endpoint="y" * 10**6, space="http://a")
    assert str(error) == f"{'x' * 4000}… [{'y' * 100}… at http://a]"
    assert len(error.message) == 10**6
    assert len(str(SpaceError("\U000e0041" * 5000, endpoint="\x01" * 500))) < 5000


@given(TEXTS)
@example("\ud83d\ude00")
def test_nothing_is_lost_but_what_is_escaped(text: str) -> None:
    escaped = visible(text)
    assert raw(escaped) - JOINERS <= raw(text) - set("\x1b\r\b\x9b\u202e\u2066\u200b\ufeff")
    assert visible_line(text).count("\n") == 0
    if not raw(text) and "\r" not in text:
        assert visible(text).isprintable() == text.isprintable()


@given(st.lists(TEXTS, max_size=6))
def test_pieces_are_shown_as_the_whole(pieces: list[str]) -> None:
    pieces = [piece.replace("\r", "") for piece in pieces]
    escaped, before = "", ""
    for piece in pieces:
        escaped += visible(piece, before)
        before = piece[-1:] or before
    assert escaped == visible("".join(pieces))


@given(
    st.recursive(
        TEXTS | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
    )
)
@example(["##[error]", "\U000e0041", "\ud800", "::error::x"])
def test_json_is_of_the_same_value_and_needs_no_more(value: object) -> None:
    document = visible_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(document) == json.loads(json.dumps(value))
    assert visible(document) == document
    assert escape_commands(document) == document


@pytest.mark.parametrize(
    "text",
    ["👩\u200d💻", "❤\ufe0f", "1\ufe0f\u20e3", "می\u200cخواهم", "क्\u200dष", "a\tb\nc", "é – ñ"],
)
def test_what_people_write_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a\r\nb\rc", "a\nb\\x0dc"),
        ("good\u200dgood", "good\\u200dgood"),
        ("💻\u200d\u200d", "💻\u200d\\u200d"),
        ("a\ufe0f", "a\\ufe0f"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f\\ufe0f"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_hides_is_shown(text: str, escaped: str) -> None:
    assert visible(text) == escaped


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("::error::x", "\\x3a:error::x"),
        ("a\n \t::error::x", "a\n \t\\x3a:error::x"),
        ("\u3000::x", "\u3000\\x3a:x"),
        ("a ##[x] ###vso[y]##teamcity[z]", "a \\x23#[x] #\\x23#vso[y]\\x23#teamcity[z]"),
        ("a::b # [x] #[x]", "a::b # [x] #[x]"),
    ],
)
def test_commands_of_ci_servers_are_shown(text: str, escaped: str) -> None:
    assert escape_commands(text) == escaped
    assert escape_commands(escaped) == escaped
