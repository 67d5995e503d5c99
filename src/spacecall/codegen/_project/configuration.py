"""Read `[tool.spacecall]` of a project's pyproject.toml.

-

::

    [tool.spacecall]
    schemas = "schemas/spaces"
    code = "src/shop/spaces"
    fail-on = "warning"

    [tool.spacecall.spaces.painter]
    source = "owner/painter"
    endpoints = ["generate"]

`severities` and `ignore` are those of `drift.read_policy`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from spacecall._core.app_sources import base_url, space_id
from spacecall._core.json_values import as_dict, is_array, is_object
from spacecall._regular_files import UnusablePathError, check_link, read_document
from spacecall._suggestions import did_you_mean
from spacecall.codegen._codegen_errors import ConfigurationError
from spacecall.codegen._name_spelling import module_name, slug
from spacecall.codegen.drift import Policy, PolicyError, read_policy
from spacecall.errors import InvalidInputError

__all__ = [
    "CONFIGURATION_FILE",
    "Configuration",
    "SpaceSettings",
    "read_configuration",
]

CONFIGURATION_FILE: Final = "pyproject.toml"
"""The name of the configuration file."""

_SCHEMAS = Path("schemas", "spaces")
_KEYS = ("schemas", "code", "fail-on", "severities", "ignore", "spaces")
_SPACE_KEYS = ("source", "endpoints", "all", "code")


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """The configuration of one client.

    Attributes:
        name: the client's name.
        source: a Space id, an address, or a path from the project's folder to saved files; empty
            for the source of the schema folder.
        endpoints: the endpoints to generate and to check; None for those of the schema folder.
        undocumented: whether undocumented endpoints are included.
        code: the Python file, or the folder for it; None for the project's folder.
        has_table: whether the configuration has a table for the client; otherwise the lock of the
            schema folder decides which endpoints there are.
    """

    name: str
    source: str = ""
    endpoints: tuple[str, ...] | None = None
    undocumented: bool = False
    code: Path | None = None
    has_table: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration of a project.

    Attributes:
        root: the project's folder.
        schemas: the folder of all schema folders.
        code: the folder of the generated modules; None for the default.
        spaces: the settings of each client, by its name.
        policy: how drift is weighed.
    """

    root: Path
    schemas: Path
    code: Path | None = None
    spaces: Mapping[str, SpaceSettings] = field(default_factory=dict[str, SpaceSettings])
    policy: Policy = field(default_factory=Policy)

    def settings_of(self, name: str, source: str = "") -> SpaceSettings:
        """Return the settings of the client called `name`; without a name, of that at `source`."""
        if name:
            return self.spaces.get(slug(name)) or SpaceSettings(name)
        matches = (
            settings for settings in self.spaces.values() if source and settings.source == source
        )
        return next(matches, SpaceSettings(""))


def read_configuration(start: Path) -> Configuration:
    """Read the configuration of the project that contains the folder `start`.

    The project's folder is the nearest one, from `start` up, whose pyproject.toml has
    `[tool.spacecall]`. If there is none, it is `start`, with the default folders.

    Raises:
        ConfigurationError: the file cannot be read, or is invalid.
    """
    folder = start.resolve()
    for root in (folder, *folder.parents):
        file = root / CONFIGURATION_FILE
        if os.path.lexists(file) and (table := _find_table(file)) is not None:
            return _read_table(table, root, file.relative_to(root).as_posix())
    return Configuration(folder, folder / _SCHEMAS)


def _find_table(file: Path) -> Mapping[str, Any] | None:
    try:
        check_link(file)
        parsed = tomllib.loads(read_document(file).decode())
    except UnusablePathError as error:
        raise ConfigurationError(f"{file} {error.strerror}: remove or correct it") from error
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{file} is nested too deeply") from error
    except ValueError as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from error
    table = as_dict(parsed.get("tool")).get("spacecall")
    if table is not None and not is_object(table):
        raise ConfigurationError(f"{file}: tool.spacecall must be a table: write [tool.spacecall]")
    return table


def _read_table(table: Mapping[str, Any], root: Path, file: str) -> Configuration:
    reader = _Reader(root)
    reader.check_keys("", table, _KEYS)
    schemas = reader.read_path("schemas", table)
    code = reader.read_path("code", table)
    if code is not None and code.suffix == ".py":
        reader.add_problem("code", "must be a folder; set a client's file in spaces.NAME.code")
    spaces = reader.read_spaces(table.get("spaces", {}))
    problems = [f"{file}: {problem}" for problem in reader.problems]
    policy = Policy()
    try:
        policy = read_policy(table, origin=file)
    except PolicyError as error:
        problems += str(error).splitlines()
    if problems:
        raise ConfigurationError("\n".join(problems))
    return Configuration(root, schemas or root / _SCHEMAS, code, spaces, policy)


class _Reader:
    """Reads the values of a table, and collects all problems for one error."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []

    def add_problem(self, key: str, problem: str) -> None:
        self.problems.append(f"tool.spacecall{f'.{key}' if key else ''} {problem}")

    def check_keys(
        self, key_of_table: str, table: Mapping[str, Any], valid_keys: Sequence[str]
    ) -> None:
        for key in table:
            if key not in valid_keys:
                hint = did_you_mean(key, valid_keys, f"the keys are {', '.join(valid_keys)}")
                self.add_problem(key_of_table, f"has an unknown key {key!r}; {hint}")

    def read_text(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            self.add_problem(
                key, f"must be a text, not {value!r}" if value != "" else "must not be empty"
            )
            return ""
        return value.strip()

    def read_path(self, key: str, table: Mapping[str, Any], prefix: str = "") -> Path | None:
        if key not in table:
            return None
        text = self.read_text(f"{prefix}{key}", table[key])
        if not text:
            return None
        path = Path(os.path.abspath(self.root / text))  # noqa: PTH100 - without symlinks
        if not path.is_relative_to(self.root):
            self.add_problem(f"{prefix}{key}", f"must be inside the project, not {text!r}")
        return path

    def read_spaces(self, table: object) -> dict[str, SpaceSettings]:
        if not is_object(table):
            self.add_problem(
                "spaces", "must be a table of tables: write [tool.spacecall.spaces.NAME]"
            )
            return {}
        settings_by_slug: dict[str, SpaceSettings] = {}
        for name, space_table in table.items():
            key = f"spaces.{name}"
            if not is_object(space_table):
                self.add_problem(key, "must be a table")
            elif not self.check_name(key, name):
                continue
            elif slug(name) in settings_by_slug:
                self.add_problem(
                    key, f"would have the same files as {settings_by_slug[slug(name)].name}"
                )
            else:
                settings_by_slug[slug(name)] = self.read_space(key, name, space_table)
        return {settings.name: settings for settings in settings_by_slug.values()}

    def check_name(self, key: str, name: str) -> bool:
        try:
            module_name(name)
        except ValueError as error:
            self.add_problem(key, f"is not a valid name for a client: {error}")
            return False
        return bool(slug(name))

    def read_space(self, key: str, name: str, table: Mapping[str, Any]) -> SpaceSettings:
        self.check_keys(key, table, _SPACE_KEYS)
        source = self.read_source(f"{key}.source", table["source"]) if "source" in table else ""
        include_all = table.get("all", False)
        if not isinstance(include_all, bool):
            self.add_problem(f"{key}.all", f"must be true or false, not {include_all!r}")
        endpoints = self.read_endpoints(f"{key}.endpoints", table.get("endpoints"))
        if endpoints is not None and include_all is True:
            self.add_problem(f"{key}.all", "cannot be combined with endpoints")
        code = self.read_path("code", table, f"{key}.")
        return SpaceSettings(
            slug(name), source, endpoints, include_all is True, code, has_table=True
        )

    def read_source(self, key: str, value: object) -> str:
        source = self.read_text(key, value)
        saved = self.root / source
        if not source or space_id(source):
            return source
        if "://" not in source:
            if not saved.exists():
                self.add_problem(
                    key, "must be a Space id (owner/name), an address, or the path of a saved app"
                )
            return str(saved)
        try:
            return base_url(source)
        except InvalidInputError as error:
            self.add_problem(key, f"is not a valid source: {error.message}")
            return ""

    def read_endpoints(self, key: str, value: object) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not is_array(value) or not value:
            self.add_problem(key, "must be a list of endpoint names")
            return None
        return tuple(
            dict.fromkeys(str(endpoint) for endpoint in value if self.read_text(key, endpoint))
        )
