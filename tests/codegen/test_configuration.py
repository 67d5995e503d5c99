"""`[tool.spacecall]`, and the corrections in a schema folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacecall.codegen._codegen_errors import ConfigurationError
from spacecall.codegen._project.configuration import read_configuration
from spacecall.errors import InvalidInputError

WHOLE = """
[tool.spacecall]
schemas = "api/schemas"
code = "src/shop/spaces"
fail-on = "warning"

[tool.spacecall.severities]
default-changed = "info"

[[tool.spacecall.ignore]]
rule = "choice-removed"
where = "style"
reason = "they come back"
until = 2030-01-31

[tool.spacecall.spaces.painter]
source = "owner/painter"
endpoints = ["generate", "/upscale", "generate"]

[tool.spacecall.spaces.local]
source = "http://127.0.0.1:7860/?x=1"
all = true
code = "lib/local.py"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_configuration_the_folders_are_the_usual_ones(tmp_path: Path) -> None:
    configuration = read_configuration(tmp_path)
    assert configuration.root == tmp_path
    assert configuration.schemas == tmp_path / "schemas" / "spaces"
    assert configuration.code is None
    assert configuration.spaces == {}
    assert configuration.policy.fail_on == "error"


def test_another_tools_pyproject_is_not_a_projects_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    write(tmp_path, "[tool.other]\nx = 1\n")
    assert read_configuration(inner).root == inner


def test_everything_that_can_be_said_is_read(tmp_path: Path) -> None:
    configuration = read_configuration(write(tmp_path, WHOLE))
    assert configuration.schemas == tmp_path / "api" / "schemas"
    assert configuration.code == tmp_path / "src" / "shop" / "spaces"
    painter, local = configuration.spaces["painter"], configuration.spaces["local"]
    assert painter.source == "owner/painter"
    assert painter.endpoints == ("generate", "/upscale")
    assert not painter.undocumented
    assert local.source == "http://127.0.0.1:7860"
    assert local.undocumented
    assert local.code == tmp_path / "lib" / "local.py"
    assert configuration.policy.fail_on == "warning"
    assert configuration.policy.severities == {"default-changed": "info"}
    (ignore,) = configuration.policy.ignores
    assert (ignore.rule, ignore.target) == ("choice-removed", "style")


def test_the_projects_folder_is_the_nearest_with_a_configuration(tmp_path: Path) -> None:
    write(tmp_path, "[tool.spacecall]\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    write(inner, "[project]\nname = 'x'\n")
    assert read_configuration(inner).root == tmp_path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool]\nspacecall = 3", "tool.spacecall must be a table"),
        ("[tool.spacecall", "is not TOML"),
        ("[tool.spacecall]\nschema = 'x'", "has an unknown key 'schema'; did you mean schemas?"),
        ("[tool.spacecall]\nschemas = 3", "tool.spacecall.schemas must be a text, not 3"),
        ("[tool.spacecall]\ncode = ''", "tool.spacecall.code must not be empty"),
        ("[tool.spacecall]\ncode = 'x.py'", "tool.spacecall.code must be a folder"),
        ("[tool.spacecall]\nfail-on = 'bad'", "not 'bad'"),
        ("[tool.spacecall]\nspaces = ['a']", "spaces must be a table of tables"),
        ("[tool.spacecall.spaces]\na = 'owner/a'", "spaces.a must be a table"),
        ("[tool.spacecall.spaces.'?']", "spaces.? is not a valid name"),
        ("[tool.spacecall.spaces.a-b]\n[tool.spacecall.spaces.a_b]", "the same files as a-b"),
        ("[tool.spacecall.spaces.a]\nsource = 1", "spaces.a.source must be a text, not 1"),
        ("[tool.spacecall.spaces.a]\nsource = 'x'", "spaces.a.source must be a Space id"),
        ("[tool.spacecall.spaces.a]\nsource = 'ftp://x'", "spaces.a.source is not a valid source"),
        (
            "[tool.spacecall.spaces.a]\nsource = 'http://a:b@x'",
            "spaces.a.source is not a valid source",
        ),
        ("[tool.spacecall.spaces.a]\nendpoints = 'x'", "spaces.a.endpoints must be a list"),
        ("[tool.spacecall.spaces.a]\nendpoints = []", "spaces.a.endpoints must be a list"),
        ("[tool.spacecall.spaces.a]\nendpoints = [1]", "spaces.a.endpoints must be a text, not 1"),
        ("[tool.spacecall.spaces.a]\nall = 1", "spaces.a.all must be true or false, not 1"),
        (
            "[tool.spacecall.spaces.a]\nall = true\nendpoints = ['x']",
            "cannot be combined with endpoints",
        ),
        ("[tool.spacecall.spaces.a]\nfrom = 'x/y'", "spaces.a has an unknown key 'from'"),
        ("[tool.spacecall.severities]\nnothing = 'off'", "unknown rule 'nothing'"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(write(tmp_path, text))
    assert "pyproject.toml" in str(caught.value)
    assert message in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = "[tool.spacecall]\ncode = 1\nschemas = 2\nfail-on = 3\n"
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(write(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 3


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    text = "[tool.spacecall.spaces.a]\nsource = 'http://me:secret@x'"
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(write(tmp_path, text))
    assert "secret" not in str(caught.value)
    assert not isinstance(caught.value, InvalidInputError)
