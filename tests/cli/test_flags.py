from __future__ import annotations

from typing import Any

import pytest

from spacecall.cli._inputs.flags import flags_of, read, split
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

TEXT = {"type": "string"}
TRUTH = {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
OPTIONS = {"--out": True, "--json": True, "--stream": False, "-q": False, "-H": True}


def endpoint(**schemas: dict[str, Any]) -> Endpoint:
    parameters = tuple(Parameter(name, name, "", schema) for name, schema in schemas.items())
    return Endpoint("/x", parameters, (), streaming=False, queued=True, stateful=False)


def names(*taken: str, **schemas: dict[str, Any]) -> list[str]:
    return [flag.name for flag in flags_of(endpoint(**schemas), taken)]


def test_flags_are_the_parameters_names_in_kebab_case() -> None:
    assert names(text=TEXT, max_tokens=TEXT, topP=TEXT, _x=TEXT, 文字=TEXT, __=TEXT) == [
        *("--text", "--max-tokens", "--top-p", "--x", "--文字", "--__")
    ]


def test_a_parameter_of_the_name_of_an_option_has_another_flag() -> None:
    assert names("--out", "--json", out=TEXT, json=TEXT, text=TEXT) == [
        *("--param-out", "--param-json", "--text")
    ]


def test_two_parameters_never_have_one_flag() -> None:
    found = names(a_b=TEXT, a__b=TEXT, aB=TEXT, param_a_b=TEXT)
    assert len(set(found)) == 4


def test_a_negative_flag_never_hides_another_parameter() -> None:
    flags = flags_of(endpoint(cb=TRUTH, no_cb=TRUTH), ())
    assert [(flag.name, flag.negative) for flag in flags] == [
        ("--cb", ""),
        ("--no-cb", "--no-no-cb"),
    ]
    assert read(["--no-cb"], flags) == {"no_cb": ["true"]}
    assert read(["--cb=false"], flags) == {"cb": ["false"]}


def test_what_was_given_is_known_by_the_wire_names() -> None:
    flags = flags_of(endpoint(max_tokens=TEXT, cb=TRUTH, files=TEXTS), ())
    given = read(
        ["--max-tokens", "-5", "--no-cb", "--files", "a", "--files=--b", "--files", ""], flags
    )
    assert given == {"max_tokens": ["-5"], "cb": ["false"], "files": ["a", "--b", ""]}
    assert read(["--max_tokens=3"], flags) == {"max_tokens": ["3"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--txet", "x"], "there is no --txet; did you mean --text?"),
        (["--zzz"], "there is no --zzz; there is --text, --cb"),
        (["--text"], "--text needs a value"),
        (["--text", "--cb"], "--text needs a value"),
        (["--text", "a", "--text", "b"], "--text is given twice, and is no list"),
        (["--no-cb=1"], "--no-cb takes no value"),
        (["--cb", "true"], "'true' is not expected here: arguments are flags"),
        (["-t", "x"], "there is no -t"),
    ],
)
def test_a_wrong_flag_is_told_with_what_there_is(arguments: list[str], said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(arguments, flags_of(endpoint(text=TEXT, cb=TRUTH), ()))
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "own", "others", "absent"),
    [
        (["S", "/e", "--text", "x"], ["S", "/e"], ["--text", "x"], 0),
        (["-q", "S", "--out", "d", "/e"], ["-q", "S", "--out", "d", "/e"], [], 0),
        (["S", "/e", "--n", "-5", "-q", "--b=1"], ["S", "/e", "-q"], ["--n", "-5", "--b=1"], 0),
        (["S", "/e", "--text=--out", "--out=d"], ["S", "/e", "--out=d"], ["--text=--out"], 0),
        (["S", "/e", "--text", "-Hello"], ["S", "/e"], ["--text", "-Hello"], 0),
        (["S", "/e", "--out", "--text"], ["S", "/e", "--out", "--text"], [], 0),
        (["S", "/e", "hi", "-q"], ["S", "/e", "-q"], ["hi"], 0),
        (["S", "/e", "--text", "-"], ["S", "/e"], ["--text", "-"], 0),
        (["S"], ["S"], [], 1),
        (["--help"], [], ["--help"], 2),
    ],
)
def test_the_commands_own_options_are_told_from_the_apps(
    arguments: list[str], own: list[str], others: list[str], absent: int
) -> None:
    assert split(arguments, OPTIONS, positions=2) == (own, others, absent)
