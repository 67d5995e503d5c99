"""Corrections of schemas that make no sense, and what their `$ref` may lead to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.projects import override, painter, save, write_overrides
from tests.codegen.apps import FILE, Function, Slot, app

MODULE = Path("spaces/painter.py")


@pytest.fixture(autouse=True)
def project(isolated_environment: None, cli: Cli) -> None:
    """A project with one client."""
    done = cli("add", save(painter()), "--name", "painter")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("pointer", "new", "reference"),
    [
        ("steps/$ref", "'#/nope'", "#/nope"),
        ("steps/$ref", "''", ""),
        ("steps/$ref", "'https://evil/x'", "https://evil/x"),
        ("steps/$ref", "'PaintInput'", "PaintInput"),
        (
            "steps/$ref",
            "'#/$defs/PaintInput/properties/steps'",
            "#/$defs/PaintInput/properties/steps",
        ),
        ("extra", "{anyOf = [{'$ref' = '#/$defs/Pain'}]}", "#/$defs/Pain"),
        ("extra", "{items = {'$ref' = '#/$defs/Pain'}}", "#/$defs/Pain"),
    ],
)
def test_a_reference_to_nothing_is_an_error(
    pointer: str, new: str, reference: str, cli: Cli
) -> None:
    before = MODULE.read_bytes()
    pointer = f"/$defs/PaintInput/properties/{pointer}"
    write_overrides((pointer, f"new = {new}"))
    done = cli("generate")
    assert done.code == 2
    assert f'overrides.toml, entry 1: $ref "{reference}" names no type' in done.err
    assert pointer in done.err
    assert MODULE.read_bytes() == before


def test_types_that_refer_to_themselves_are_an_error(cli: Cli) -> None:
    write_overrides(
        ("/$defs/One", "new = {'$ref' = '#/$defs/Two'}"),
        ("/$defs/Two", "new = {'$ref' = '#/$defs/One'}"),
        ("/$defs/Self", "new = {'$ref' = '#/$defs/Self'}"),
    )
    done = cli("generate")
    assert done.code == 2
    assert done.err.count("refers to itself: write the schema of the type") == 3


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("more", ["", ", {type = 'string'}"])
def test_a_type_that_is_one_of_itself_is_an_error(keyword: str, more: str, cli: Cli) -> None:
    before = MODULE.read_bytes()
    write_overrides(
        ("/$defs/One", f"new = {{{keyword} = [{{'$ref' = '#/$defs/Two'}}]}}"),
        ("/$defs/Two", f"new = {{{keyword} = [{{'$ref' = '#/$defs/One'}}{more}]}}"),
        ("/$defs/PaintInput/properties/extra", "new = {'$ref' = '#/$defs/One'}"),
    )
    done = cli("generate")
    assert done.code == 2
    assert done.err.count("refers to itself: write the schema of the type") == 3
    assert MODULE.read_bytes() == before


@pytest.mark.parametrize(
    "type_",
    [
        "{type = 'array', items = {'$ref' = '#/$defs/Tree'}}",
        "{type = 'object', additionalProperties = {'$ref' = '#/$defs/Tree'}}",
        "{type = 'object', properties = {next = {anyOf = [{'$ref' = '#/$defs/Tree'}, "
        "{type = 'null'}]}}}",
        "{anyOf = [{type = 'array', items = {'$ref' = '#/$defs/Tree'}}, {type = 'string'}]}",
        "{}",
        "{description = 'Any JSON'}",
    ],
)
def test_a_recursive_type_and_one_of_any_json_are_taken(type_: str, cli: Cli) -> None:
    write_overrides(
        ("/$defs/Tree", f"new = {type_}"),
        ("/$defs/PaintInput/properties/extra", "new = {'$ref' = '#/$defs/Tree'}"),
    )
    done = cli("generate")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "pointer", ["/$defs/PaintInput/properties/extra", "/$defs/Alias"], ids=["parameter", "type"]
)
def test_a_reference_to_what_an_endpoint_takes_is_an_error(pointer: str, cli: Cli) -> None:
    write_overrides((pointer, "new = {'$ref' = '#/$defs/ShoutInput'}"))
    done = cli("generate")
    assert done.code == 2
    assert 'entry 1: $ref "#/$defs/ShoutInput" names what an endpoint takes' in done.err
    assert "pointer of its own, /$defs/NAME" in done.err


def test_the_list_of_endpoints_can_be_corrected(cli: Cli) -> None:
    write_overrides(("/anyOf/-", "new = {'$ref' = '#/$defs/ShoutInput'}"))
    done = cli("generate")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "type_",
    [
        "{allOf = [{type = 'object'}, {type = 'object'}]}",
        "{minimum = 3}",
        "{anyOf = [{type = 'string'}, {not = {type = 'number'}}]}",
    ],
)
def test_a_reference_to_a_schema_without_a_type_is_an_error(type_: str, cli: Cli) -> None:
    write_overrides(
        ("/$defs/Both", f"new = {type_}"),
        ("/$defs/PaintInput/properties/extra", "new = {'$ref' = '#/$defs/Both'}"),
    )
    done = cli("generate")
    assert done.code == 2
    assert 'entry 2: $ref "#/$defs/Both" leads to a schema without a type' in done.err


@pytest.mark.parametrize(("types", "code"), [(8, 0), (9, 2), (3000, 2)])
def test_a_reference_leads_through_eight_types_at_most(types: int, code: int, cli: Cli) -> None:
    chain = [
        (f"/$defs/T{number}", f"new = {{'$ref' = '#/$defs/T{number + 1}'}}")
        for number in range(1, types)
    ]
    write_overrides(
        *chain,
        (f"/$defs/T{types}", "new = {type = 'string'}"),
        ("/$defs/PaintInput/properties/extra", "new = {'$ref' = '#/$defs/T1'}"),
    )
    done = cli("generate")
    assert done.code == code, done.err[-500:]
    assert ("leads through too many types" in done.err) == (code == 2)
    assert ("extra: str" in MODULE.read_text()) == (code == 0)


def test_a_reference_to_branches_in_branches_that_are_too_deep_is_an_error(cli: Cli) -> None:
    deep = "{anyOf = [" * 60 + "{type = 'string'}" + "]}" * 60
    write_overrides(
        ("/$defs/Deep", f"new = {deep}"),
        ("/$defs/PaintInput/properties/extra", "new = {'$ref' = '#/$defs/Deep'}"),
    )
    done = cli("generate")
    assert done.code == 2
    assert "leads through too many types" in done.err


def test_branches_can_share_types(cli: Cli) -> None:
    both = "new = {{anyOf = [{{'$ref' = '#/$defs/T{0}'}}, {{'$ref' = '#/$defs/T{0}'}}]}}"
    write_overrides(
        *((f"/$defs/T{number}", both.format(number + 1)) for number in range(1, 4)),
        ("/$defs/T4", "new = {type = 'string'}"),
        ("/$defs/PaintInput/properties/extra", "new = {'$ref' = '#/$defs/T1'}"),
    )
    done = cli("generate")
    assert done.code == 0, done.err
    assert "extra: str" in MODULE.read_text()


@pytest.mark.parametrize(
    ("pointer", "new", "problem"),
    [
        ("extra", "{type = 'number', enum = ['a']}", 'enum has no value of the type "number"'),
        ("extra", "{type = 'string', const = 3}", 'const has no value of the type "string"'),
        ("extra", "{type = 'array', minItems = 3, maxItems = 2}", "minItems 3 is above maxItems 2"),
        ("extra", "{items = {minimum = 3, maximum = 2}}", "minimum 3 is above maximum 2"),
        ("steps/minimum", "60", "minimum 60 is above maximum 50"),
    ],
)
def test_keywords_that_no_value_fits_are_an_error(
    pointer: str, new: str, problem: str, cli: Cli
) -> None:
    old = "old = 1\n" if pointer == "steps/minimum" else ""
    write_overrides((f"/$defs/PaintInput/properties/{pointer}", f"{old}new = {new}"))
    done = cli("generate")
    assert done.code == 2
    assert f"entry 1: {problem}, so that no value fits" in done.err


@pytest.mark.parametrize(
    "new",
    [
        "{type = ['number', 'null'], enum = ['a', 3]}",
        "{type = 'object', properties = {minimum = {type = 'number'}, enum = {const = 3}}}",
        "{minimum = 3, maximum = 3}",
    ],
)
def test_keywords_that_a_value_fits_are_taken(new: str, cli: Cli) -> None:
    write_overrides(("/$defs/PaintInput/properties/extra", f"new = {new}"))
    done = cli("generate")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("pointer", "new"),
    [
        ("steps/$ref", "'#/$defs/Pair'"),
        ("extra", "{'$ref' = '#/$defs/Pair', type = 'string'}"),
        ("extra", "{items = {'$ref' = '#/$defs/Pair', type = 'string'}}"),
    ],
)
def test_a_keyword_that_restricts_the_value_beside_a_reference_is_an_error(
    pointer: str, new: str, cli: Cli
) -> None:
    before = MODULE.read_bytes()
    write_overrides(
        ("/$defs/Pair", "new = {type = 'object', properties = {n = {type = 'number'}}}"),
        (f"/$defs/PaintInput/properties/{pointer}", f"new = {new}"),
    )
    done = cli("generate")
    assert done.code == 2
    assert "type" in done.err.partition(" beside $ref")[0]
    assert "entry 2" in done.err
    assert MODULE.read_bytes() == before


def test_a_description_beside_a_reference_is_taken(cli: Cli) -> None:
    write_overrides(
        ("/$defs/Pair", "new = {type = 'object', properties = {n = {type = 'number'}}}"),
        (
            "/$defs/PaintInput/properties/extra",
            "new = {'$ref' = '#/$defs/Pair', title = 'Extra', description = 'More'}",
        ),
    )
    done = cli("generate")
    assert done.code == 0, done.err


def test_a_reference_to_a_type_of_the_file_and_one_inside_data_are_taken(cli: Cli) -> None:
    write_overrides(
        ("/$defs/Pair", "new = {type = 'object', properties = {n = {'$ref' = '#/$defs/Pair'}}}"),
        ("/$defs/PaintInput/properties/extra", "new = {'$ref' = '#/$defs/Pair'}"),
        ("/$defs/PaintInput/properties/prompt/examples", "new = [{'$ref' = '#/nope'}]"),
    )
    done = cli("generate")
    assert "names no type" not in done.err
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "entry",
    [
        ("extra", "new = {allOf = [{'$ref' = '#/$defs/Pair'}, {minProperties = 1}]}"),
        ("extra", "new = {items = {allOf = [{'$ref' = '#/$defs/Pair'}, {minProperties = 1}]}}"),
        ("prompt/allOf", "new = [{'$ref' = '#/$defs/Pair'}, {minProperties = 1}]"),
    ],
)
def test_a_reference_joined_with_other_schemas_is_an_error(
    entry: tuple[str, str], cli: Cli
) -> None:
    pointer, new = entry
    write_overrides(
        ("/$defs/Pair", "new = {type = 'object', properties = {n = {type = 'number'}}}"),
        ("/$defs/PaintInput/properties/prompt/type", "old = 'string'"),
        (f"/$defs/PaintInput/properties/{pointer}", new),
    )
    done = cli("generate")
    assert done.code == 2
    assert "entry 3: allOf of several schemas with a $ref gives no type" in done.err


def test_a_type_that_others_refer_to_cannot_be_taken_away(cli: Cli) -> None:
    documents = app(Function("read", inputs=[Slot("File", FILE)]), title="Files")
    done = cli("add", save(documents, "files"), "--name", "files")
    assert done.code == 0, done.err
    folder = Path("schemas/spaces/files")
    types = json.loads((folder / "join.schema.json").read_text())["$defs"]
    override("/$defs/FileData", types["FileData"], None, "files")
    file = folder / "overrides.toml"
    file.write_text(file.read_text().replace("new-json = 'null'\n", ""))
    done = cli("generate", "files")
    assert done.code == 2
    assert 'entry 1: $ref "#/$defs/FileData" names no type' in done.err


@pytest.mark.parametrize(
    ("keyword", "old", "new", "problem"),
    [
        ("maximum", 50, "abc", "maximum must be a number"),
        ("type", "number", "banana", "type must be one of array, boolean, "),
        ("default", 10, 999, "the default 999 does not fit the corrected schema"),
        ("maximum", 50, 5, "the default 10 does not fit the corrected schema"),
        ("maximun", None, 60, "'maximun' is not a keyword of a schema; did you mean maximum"),
        ("pattern", None, "(", "pattern must be a regular expression"),
        ("enum", None, [], "enum must be a list with at least one value"),
        ("items", None, {"typ": "string"}, "'typ' is not a keyword of a schema"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused_with_its_place(
    keyword: str, old: object, new: object, problem: str, cli: Cli
) -> None:
    pointer = f"/$defs/PaintInput/properties/steps/{keyword}"
    override(pointer, old, new)
    file = Path("schemas/spaces/painter/overrides.toml")
    if old is None:
        file.write_text(file.read_text().replace("old-json = 'null'\n", ""))
    done = cli("generate")
    assert done.code != 0
    assert "overrides.toml, entry 1: " in done.err
    assert problem in done.err
