from __future__ import annotations

import ast
import textwrap

from hypothesis import given
from hypothesis import strategies as st

from spacecall.codegen._literals import INVISIBLE, format_docstring, one_line, quote

NASTY = st.text(
    st.one_of(
        st.sampled_from("\\\"'\n\r\t\0{}#`\u202e\u2066\u2028\x85\x1c\ufeff\ud800 "),
        st.characters(),
    )
)


@given(NASTY)
def test_a_literal_reads_back_as_the_text(text: str) -> None:
    written = quote(text)
    assert ast.literal_eval(written) == text
    assert not INVISIBLE.search(written)


def test_a_literal_takes_the_quotes_that_need_fewer_escapes() -> None:
    assert quote('say "hi"') == "'say \"hi\"'"
    assert quote("it's") == '"it\'s"'
    assert quote("plain") == '"plain"'


@given(st.lists(NASTY, max_size=4))
def test_a_docstring_holds_words_and_nothing_else(texts: list[str]) -> None:
    lines = format_docstring([one_line(text) for text in texts], indent=4)
    (statement,) = ast.parse(textwrap.dedent("\n".join(lines))).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    words = " ".join(str(statement.value.value).split())
    assert words == " ".join(" ".join(one_line(text) for text in texts).split())


def test_a_section_is_indented_and_set_apart() -> None:
    assert format_docstring(["What it does.", "Args:", "    text: the text."], indent=4) == [
        '    """What it does.',
        "",
        "    Args:",
        "        text: the text.",
        '    """',
    ]


@given(NASTY)
def test_a_line_has_no_character_without_a_look(text: str) -> None:
    line = one_line(text)
    assert "\n" not in line
    assert not INVISIBLE.search(line)
