"""Imports point down only, rooms are small, and every public name is documented."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "spacecall"

# From the ground up. A room may import from its own line and from those above it.
FLOORS = (
    ("_version", "_visible", "_warnings", "_suggestions"),
    ("_option_checks", "errors", "hooks", "options", "events", "endpoints"),
    ("_atomic", "_filenames", "_problems", "_filesources", "files", "tickets", "media"),
    ("_wire",),
    ("_core",),
    ("_io",),
    ("_client",),
    ("hub", "sync", "typed"),
    ("models", "chat", "facades", "images", "inference", "spaces"),
    ("codegen", "cassettes", "testing"),
    ("cli",),
)
_PLACES = {room: rank for rank, rooms in enumerate(FLOORS) for room in rooms}
# The package itself gives the public names; `python -m spacecall` starts the command.
RANK = _PLACES | {"__init__": _PLACES["typed"], "__main__": _PLACES["cli"]}

TOOLS = frozenset({"codegen", "cassettes", "cli", "testing"})
HTTP = frozenset({"httpx", "httpx2", "httpx_sse", "httpcore", "httpcore2", "websockets"})
# What would make the core depend on a network, an event loop, a thread or a clock.
NOT_SANS_IO = HTTP | {
    *("anyio", "asyncio", "trio", "sniffio", "concurrent", "threading", "multiprocessing"),
    *("socket", "ssl", "select", "selectors", "subprocess", "time", "logging"),
}
MOST_LINES = 500


@dataclass(frozen=True)
class Import:
    """One imported module, as `spacecall._core.diffs` or `httpx`."""

    module: str
    line: int
    typing_only: bool


@dataclass(frozen=True)
class Room:
    """One source file of the package."""

    path: Path

    @property
    def module(self) -> str:
        parts = self.path.relative_to(PACKAGE.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def top(self) -> str:
        """The entry of the import table that this file belongs to."""
        return top_of(self.module)

    @property
    def shown(self) -> str:
        return str(self.path.relative_to(ROOT))

    def tree(self) -> ast.Module:
        return _parsed(self.path)

    def imports(self) -> list[Import]:
        return list(_imports(self.tree(), typing_only=False))


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _imports(node: ast.AST, *, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for name in child.names:
                yield Import(name.name, child.lineno, typing_only)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: imports are absolute"
            yield from _imported_from(child, typing_only=typing_only)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for part in child.body:
                yield from _imports(ast.Module([part], []), typing_only=True)
            for part in child.orelse:
                yield from _imports(ast.Module([part], []), typing_only=typing_only)
        else:
            yield from _imports(child, typing_only=typing_only)


def _imported_from(node: ast.ImportFrom, *, typing_only: bool) -> Iterator[Import]:
    """`from package import name` imports the module `package.name` where there is one."""
    module = node.module or ""
    for name in node.names:
        inner = f"{module}.{name.name}"
        known = module.split(".")[0] == "spacecall" and _is_module(inner)
        yield Import(inner if known else module, node.lineno, typing_only)


def _is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def top_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def is_generated(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        first = file.readline()
    return "generated" in first.lower() and "do not edit" in first.lower()


ROOMS = [Room(path) for path in sorted(PACKAGE.rglob("*.py"))]


def _violations(forbidden: dict[str, frozenset[str]], *, types_are_free: bool) -> list[str]:
    return [
        f"{room.shown}:{found.line} imports {found.module}"
        for room in ROOMS
        for found in room.imports()
        if found.module.split(".")[0] in forbidden.get(room.top, frozenset())
        and not (types_are_free and found.typing_only)
    ]


def test_every_room_has_its_place_in_the_import_table() -> None:
    unknown = sorted({room.top for room in ROOMS} - RANK.keys())
    assert not unknown, f"not in the import table: {unknown}"


def test_imports_point_down_only() -> None:
    wrong = [
        f"{room.shown}:{found.line} ({room.top}) imports {found.module}"
        for room in ROOMS
        for found in room.imports()
        if found.module.split(".")[0] == "spacecall" and RANK[top_of(found.module)] > RANK[room.top]
    ]
    assert not wrong, "\n".join(wrong)


def test_one_space_imports_no_other() -> None:
    wrong = [
        f"{room.shown}:{found.line} imports {found.module}"
        for room in ROOMS
        for found in room.imports()
        if room.module.startswith("spacecall.spaces.")
        and found.module.startswith("spacecall.spaces.")
        and found.module.split(".")[2] != room.module.split(".")[2]
        and not found.module.split(".")[2].startswith("_")  # what they share
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_import_each_other_in_no_circle() -> None:
    known = {room.module for room in ROOMS}
    graph = {
        room.module: {
            found.module
            for found in room.imports()
            if not found.typing_only and found.module in known and found.module != room.module
        }
        for room in ROOMS
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_core_knows_no_network_loop_thread_or_clock() -> None:
    wrong = _violations({"_core": frozenset(NOT_SANS_IO)}, types_are_free=False)
    assert not wrong, "\n".join(wrong)


def test_one_module_imports_the_http_library() -> None:
    """Also for annotations: the choice between httpx and httpx2 is made in that module alone."""
    wrong = [
        f"{room.shown}:{imported.line} imports {imported.module}"
        for room in ROOMS
        for imported in room.imports()
        if imported.module.split(".")[0] in HTTP and room.module != "spacecall._io._http"
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_at_run_time_imports_the_tools() -> None:
    wrong = [
        f"{room.shown}:{found.line} imports {found.module}"
        for room in ROOMS
        if room.top not in TOOLS | {"__main__"}
        for found in room.imports()
        if found.module.startswith("spacecall.") and top_of(found.module) in TOOLS
    ]
    assert not wrong, "\n".join(wrong)


# `__init__` speaks before there is anything to speak with; `demo` is an app of its own.
_COMMANDS = [
    room
    for room in ROOMS
    if room.top == "cli"
    and room.module not in ("spacecall.cli", "spacecall.cli._outputs.terminal")
    and not room.module.startswith("spacecall.cli._demo_app.")
]
_WRITERS = frozenset(
    {"print", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
    | {"typer.echo", "typer.secho", "typer.confirm", "typer.prompt", "os.write"}
)
# What lays pages out, and writes nothing itself.
_LAYOUT = frozenset({"rich.console", "rich.padding", "rich.progress", "rich.table", "rich.text"})


@pytest.mark.parametrize("room", _COMMANDS, ids=[room.module for room in _COMMANDS])
def test_one_module_writes_to_the_terminal(room: Room) -> None:
    """`cli._outputs.terminal` makes texts of apps safe to show: no other module gets past it."""
    nodes = list(ast.walk(room.tree()))
    used = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute | ast.Name)}
    assert not used & _WRITERS
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    assert "Console" not in called
    imported = {
        found.module
        for found in room.imports()
        if found.module.split(".")[0] in ("rich", "click", "getpass", "colorama")
    }
    assert imported <= _LAYOUT


def test_rooms_are_small() -> None:
    folders = (PACKAGE, ROOT / "scripts", ROOT / "tests", ROOT / "docs")
    written = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if not path.is_relative_to(ROOT / "tests" / "apps") and not is_generated(path)
    ]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    large = [f"{path.relative_to(ROOT)}: {n}" for path, n in sizes.items() if n > MOST_LINES]
    assert not large, f"more than {MOST_LINES} lines:\n" + "\n".join(large)


PUBLIC = [room for room in ROOMS if "._" not in room.module]


@pytest.mark.parametrize("room", PUBLIC, ids=[room.module for room in PUBLIC])
def test_every_public_name_is_documented(room: Room) -> None:
    assert ast.get_docstring(room.tree()), f"{room.shown} says nothing of itself"
    missing = sorted(_undocumented(room.tree()))
    assert not missing, f"{room.shown}: no docstring on {', '.join(missing)}"


def _undocumented(tree: ast.Module) -> Iterator[str]:
    """Public classes, functions and methods without a docstring, values without a string below."""
    exported = _exported(tree)
    for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name in exported or (not exported and not node.name.startswith("_")):
                yield from _undocumented_in(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            name = ast.unparse(target)
            if name in exported and not _is_text(following):
                yield name


def _undocumented_in(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    if not ast.get_docstring(node):
        yield node.name
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            if (
                isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
                and not method.name.startswith("_")
                and not any("overload" in ast.unparse(d) for d in method.decorator_list)
                and not any(ast.unparse(d).endswith("setter") for d in method.decorator_list)
                and not ast.get_docstring(method)
            ):
                yield f"{node.name}.{method.name}"


def _exported(tree: ast.Module) -> frozenset[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def _is_text(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
