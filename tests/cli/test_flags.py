from __future__ import annotations

from typing import Any

import pytest

from spacecall.cli._inputs.flags import endpoint_flags, parse_flags, split_arguments
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

TEXT = {"type": "string"}
TRUTH = {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
OPTIONS = {"--out": True, "--json": True, "--stream": False, "-q": False, "-H": True}


def endpoint(**schemas: dict[str, Any]) -> Endpoint:
    parameters = tuple(Parameter(name, name, "", schema) for name, schema in schemas.items())
    return Endpoint("/x", parameters, (), streaming=False, queued=True, stateful=False)


def flag_names_of(*taken: str, **schemas: dict[str, Any]) -> list[str]:
    return [flag.name for flag in endpoint_flags(endpoint(**schemas), taken)]


def test_flags_are_the_parameters_names_in_kebab_case() -> None:
    assert flag_names_of(text=TEXT, max_tokens=TEXT, topP=TEXT, _x=TEXT, 文字=TEXT, __=TEXT) == [
        *("--text", "--max-tokens", "--top-p", "--x", "--文字", "--__")
    ]


def test_a_parameter_of_the_name_of_an_option_has_another_flag() -> None:
    assert flag_names_of("--out", "--json", out=TEXT, json=TEXT, text=TEXT) == [
        *("--param-out", "--param-json", "--text")
    ]


def test_two_parameters_never_have_one_flag() -> None:
    flag_names = flag_names_of(a_b=TEXT, a__b=TEXT, aB=TEXT, param_a_b=TEXT)
    assert len(set(flag_names)) == 4


def test_a_negative_flag_never_hides_another_parameter() -> None:
    flags = endpoint_flags(endpoint(cb=TRUTH, no_cb=TRUTH), ())
    assert [(flag.name, flag.negative) for flag in flags] == [
        ("--cb", ""),
        ("--no-cb", "--no-no-cb"),
    ]
    assert parse_flags(["--no-cb"], flags) == {"no_cb": ["true"]}
    assert parse_flags(["--cb=false"], flags) == {"cb": ["false"]}


def test_what_was_given_is_known_by_the_wire_names() -> None:
    flags = endpoint_flags(endpoint(max_tokens=TEXT, cb=TRUTH, files=TEXTS), ())
    values = parse_flags(
        ["--max-tokens", "-5", "--no-cb", "--files", "a", "--files=--b", "--files", ""], flags
    )
    assert values == {"max_tokens": ["-5"], "cb": ["false"], "files": ["a", "--b", ""]}
    assert parse_flags(["--max_tokens=3"], flags) == {"max_tokens": ["3"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--txet", "x"], "unknown flag --txet; did you mean --text?"),
        (["--zzz"], "unknown flag --zzz; the endpoint has --text, --cb"),
        (["--text"], "--text needs a value"),
        (["--text", "--cb"], "--text needs a value"),
        (["--text", "a", "--text", "b"], "--text is not a list: it can be given once"),
        (["--no-cb=1"], "--no-cb takes no value"),
        (["--cb", "true"], "unexpected argument 'true': use flags"),
        (["-t", "x"], "unknown flag -t"),
    ],
)
def test_a_wrong_flag_is_told_with_what_there_is(arguments: list[str], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_flags(arguments, endpoint_flags(endpoint(text=TEXT, cb=TRUTH), ()))
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "command_words", "app_words", "missing"),
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
    arguments: list[str], command_words: list[str], app_words: list[str], missing: int
) -> None:
    assert split_arguments(arguments, OPTIONS, positions=2) == (command_words, app_words, missing)
