"""`[tool.spacecall]` of a project's pyproject.toml: where files go, which apps, what drift counts.

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
from spacecall._suggestions import did_you_mean
from spacecall.codegen._names import module_name, slug
from spacecall.codegen.drift import Policy, PolicyError, read_policy
from spacecall.errors import InvalidInputError

__all__ = ["FILE", "Configuration", "ConfigurationError", "SpaceSettings", "configured"]

FILE: Final = "pyproject.toml"
"""Where the configuration is."""

_SCHEMAS = Path("schemas", "spaces")
_KEYS = ("schemas", "code", "fail-on", "severities", "ignore", "spaces")
_SPACE_KEYS = ("source", "endpoints", "all", "code")


class ConfigurationError(ValueError):
    """A configuration that cannot be followed; a line for each problem, with file and key."""


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """What the project says of one client.

    Attributes:
        name: of the client.
        source: a Space id, an address, or a path from the project's folder to saved files; empty
            for the one that the schema folder names.
        endpoints: those to generate and to check; None for what the schema folder has.
        undocumented: whether those that the app's page does not show count too.
        code: the Python file, or the folder for it; None for the project's.
        given: whether there is a table of it; otherwise the schema folder's lock says which
            endpoints there are.
    """

    name: str
    source: str = ""
    endpoints: tuple[str, ...] | None = None
    undocumented: bool = False
    code: Path | None = None
    given: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """A project.

    Attributes:
        root: its folder.
        schemas: the folder of all schema folders.
        code: the folder of the generated modules; None for the usual one.
        spaces: by the client's name.
        policy: what drift counts.
    """

    root: Path
    schemas: Path
    code: Path | None = None
    spaces: Mapping[str, SpaceSettings] = field(default_factory=dict[str, SpaceSettings])
    policy: Policy = field(default_factory=Policy)

    def named(self, name: str, source: str = "") -> SpaceSettings:
        """What it says of the client called `name`, or without a name of the app at `source`."""
        if name:
            return self.spaces.get(slug(name)) or SpaceSettings(name)
        found = (one for one in self.spaces.values() if source and one.source == source)
        return next(found, SpaceSettings(""))


def configured(start: Path) -> Configuration:
    """The project that the folder `start` is in.

    Its folder is the nearest one, from `start` up, whose pyproject.toml has `[tool.spacecall]`.
    Where none has, it is `start`, with the usual folders.

    Raises:
        ConfigurationError: the file cannot be read, or says what cannot be followed.
    """
    here = start.resolve()
    for root in (here, *here.parents):
        file = root / FILE
        if file.is_file() and (table := _table(file)) is not None:
            return _read(table, root, file.relative_to(root).as_posix())
    return Configuration(here, here / _SCHEMAS)


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        parsed = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from error
    table = as_dict(parsed.get("tool")).get("spacecall")
    if table is not None and not is_object(table):
        raise ConfigurationError(f"{file}: tool.spacecall is no table")
    return table


def _read(table: Mapping[str, Any], root: Path, file: str) -> Configuration:
    reader = _Reader(root)
    reader.keys("", table, _KEYS)
    schemas = reader.path("schemas", table)
    code = reader.path("code", table)
    if code is not None and code.suffix == ".py":
        reader.wrong("code", "is a folder for all clients; a file is said in spaces.NAME.code")
    spaces = reader.spaces(table.get("spaces", {}))
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
    """Reads values; what is wrong with them is kept, so that all of it can be said at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []

    def wrong(self, key: str, what: str) -> None:
        self.problems.append(f"tool.spacecall{f'.{key}' if key else ''} {what}")

    def keys(self, where: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known, f"there is {', '.join(known)}")
                self.wrong(where, f"has no key {key!r}; {hint}")

    def text(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, f"is {value!r}, not a text" if value != "" else "is empty")
            return ""
        return value.strip()

    def path(self, key: str, table: Mapping[str, Any], where: str = "") -> Path | None:
        if key not in table:
            return None
        found = self.text(f"{where}{key}", table[key])
        if not found:
            return None
        path = Path(os.path.abspath(self.root / found))  # noqa: PTH100 - without symlinks
        if not path.is_relative_to(self.root):
            self.wrong(f"{where}{key}", f"is {found!r}, which leads out of the project")
        return path

    def spaces(self, table: object) -> dict[str, SpaceSettings]:
        if not is_object(table):
            self.wrong("spaces", "is no table of tables: write [tool.spacecall.spaces.NAME]")
            return {}
        made: dict[str, SpaceSettings] = {}
        for name, one in table.items():
            key = f"spaces.{name}"
            if not is_object(one):
                self.wrong(key, "is no table")
            elif not self.name(key, name):
                continue
            elif slug(name) in made:
                self.wrong(key, f"would get the same files as {made[slug(name)].name}")
            else:
                made[slug(name)] = self.space(key, name, one)
        return {one.name: one for one in made.values()}

    def name(self, key: str, name: str) -> bool:
        try:
            module_name(name)
        except ValueError as error:
            self.wrong(key, f"is no name for a client: {error}")
            return False
        return bool(slug(name))

    def space(self, key: str, name: str, table: Mapping[str, Any]) -> SpaceSettings:
        self.keys(key, table, _SPACE_KEYS)
        source = self.source(f"{key}.source", table["source"]) if "source" in table else ""
        every = table.get("all", False)
        if not isinstance(every, bool):
            self.wrong(f"{key}.all", f"is {every!r}, not true or false")
        endpoints = self.endpoints(f"{key}.endpoints", table.get("endpoints"))
        if endpoints is not None and every is True:
            self.wrong(f"{key}.all", "has no meaning beside endpoints")
        code = self.path("code", table, f"{key}.")
        return SpaceSettings(slug(name), source, endpoints, every is True, code, given=True)

    def source(self, key: str, value: object) -> str:
        source = self.text(key, value)
        saved = self.root / source
        if not source or space_id(source):
            return source
        if "://" not in source:
            if not saved.exists():
                self.wrong(key, "is no Space id (owner/name), no address and no saved app")
            return str(saved)
        try:
            return base_url(source)
        except InvalidInputError as error:
            self.wrong(key, f"is no source: {error.message}")
            return ""

    def endpoints(self, key: str, value: object) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not is_array(value) or not value:
            self.wrong(key, "is no list of endpoints' names")
            return None
        return tuple(dict.fromkeys(str(one) for one in value if self.text(key, one)))
