"""Imports point down only, modules are small, and every public name is documented."""

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

# From the bottom up. A module may import from its own line and from those above it.
LAYERS = (
    ("_version", "_visible", "_warnings", "_suggestions"),
    ("_option_checks", "errors", "hooks", "events", "endpoints", "component_updates"),
    ("_regular_files", "_atomic", "_filenames", "_json_objects", "_problems"),
    ("_filesources", "files", "tickets", "media"),
    ("_event_data",),
    ("event_data", "options", "rows"),
    ("_wire_model",),
    ("_wire",),
    ("_core",),
    ("_io",),
    ("_client",),
    ("hub", "pool", "sync", "typed"),
    ("models", "chat", "chat_space", "facades", "images", "inference", "spaces"),
    ("codegen", "cassettes", "testing", "batch"),
    ("cli",),
)
_RANK_OF = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# The package itself gives the public names; `python -m spacecall` starts the command.
RANK = _RANK_OF | {"__init__": _RANK_OF["typed"], "__main__": _RANK_OF["cli"]}

TOOLS = frozenset({"batch", "codegen", "cassettes", "cli", "testing"})
HTTP = frozenset({"httpx", "httpx2", "httpx_sse", "httpcore", "httpcore2", "websockets"})
# Libraries that would make the core depend on a network, an event loop, a thread or a clock.
NOT_SANS_IO = HTTP | {
    *("anyio", "asyncio", "trio", "sniffio", "concurrent", "threading", "multiprocessing"),
    *("socket", "ssl", "select", "selectors", "subprocess", "time", "logging"),
}
MAX_LINES = 500


@dataclass(frozen=True)
class Import:
    """One imported module, as `spacecall._core.diffs` or `httpx`."""

    module: str
    line: int
    typing_only: bool


@dataclass(frozen=True)
class SourceFile:
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
    def label(self) -> str:
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
    """Yield the import of `package.name` if that is a module, otherwise of `package`."""
    module = node.module or ""
    for name in node.names:
        inner = f"{module}.{name.name}"
        is_inner_module = module.split(".")[0] == "spacecall" and _is_module(inner)
        yield Import(inner if is_inner_module else module, node.lineno, typing_only)


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


SOURCES = [SourceFile(path) for path in sorted(PACKAGE.rglob("*.py"))]


def _violations(forbidden: dict[str, frozenset[str]], *, types_are_free: bool) -> list[str]:
    return [
        f"{source.label}:{imported.line} imports {imported.module}"
        for source in SOURCES
        for imported in source.imports()
        if imported.module.split(".")[0] in forbidden.get(source.top, frozenset())
        and not (types_are_free and imported.typing_only)
    ]


def test_every_module_is_in_the_import_table() -> None:
    unknown = sorted({source.top for source in SOURCES} - RANK.keys())
    assert not unknown, f"not in the import table: {unknown}"


def test_imports_point_down_only() -> None:
    wrong = [
        f"{source.label}:{imported.line} ({source.top}) imports {imported.module}"
        for source in SOURCES
        for imported in source.imports()
        if imported.module.split(".")[0] == "spacecall"
        and RANK[top_of(imported.module)] > RANK[source.top]
    ]
    assert not wrong, "\n".join(wrong)


def test_one_space_imports_no_other() -> None:
    wrong = [
        f"{source.label}:{imported.line} imports {imported.module}"
        for source in SOURCES
        for imported in source.imports()
        if source.module.startswith("spacecall.spaces.")
        and imported.module.startswith("spacecall.spaces.")
        and imported.module.split(".")[2] != source.module.split(".")[2]
        and not imported.module.split(".")[2].startswith("_")  # shared modules
    ]
    assert not wrong, "\n".join(wrong)


def test_imports_have_no_circle() -> None:
    modules = {source.module for source in SOURCES}
    graph = {
        source.module: {
            imported.module
            for imported in source.imports()
            if not imported.typing_only
            and imported.module in modules
            and imported.module != source.module
        }
        for source in SOURCES
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
        f"{source.label}:{imported.line} imports {imported.module}"
        for source in SOURCES
        for imported in source.imports()
        if imported.module.split(".")[0] in HTTP and source.module != "spacecall._io._http_library"
    ]
    assert not wrong, "\n".join(wrong)


# Modules that open files by themselves, with the reason; all others use `_regular_files`.
_OPENERS = {
    "_regular_files": "reads regular files, and refuses all others",
    "_atomic": "writes files",
    "codegen._project.project_lock": "opens for reading and writing, which never waits",
    "cassettes._engine.recording_lock": "opens for reading and writing, which never waits",
    "batch._row_files": "checks the path first: gzip and pyarrow open it by themselves",
    "cassettes._inspect.timeline_page": "a file of the package",
    "cassettes._inspect.orphans": "a temporary file of this process",
    "codegen._project.version_comparison": "a temporary file of this process",
    "cli._commands.demo": "files of the package, and the log in a temporary folder",
    "cli._outputs.terminal": "os.devnull",
    "testing._value_generator": "a buffer in memory",
}
_FILE_METHODS = ("read_text", "read_bytes", "write_text", "write_bytes")
_FILE_FUNCTIONS = ("open", "os.open", "io.open", "gzip.open", "wave.open", "anyio.open_file")


def _opens_file(call: ast.Call) -> bool:
    function, arguments = ast.unparse(call.func), call.args
    if function in _FILE_FUNCTIONS:
        return True
    method = function.rpartition(".")[2] if isinstance(call.func, ast.Attribute) else ""
    is_constant = [isinstance(argument, ast.Constant) for argument in arguments]
    if method == "open":  # of a path; a client is opened without a mode
        return is_constant[:1] == [True]
    # `reader.read_text(word)` reads a word of the command line
    return method in _FILE_METHODS and (is_constant[:1] != [False] or method.startswith("write"))


def test_files_are_opened_by_the_guarded_readers_only() -> None:
    """A path of a user or a project may be that of a pipe without a writer, or of a device."""
    openers = {
        source.module.removeprefix("spacecall.")
        for source in SOURCES
        for node in ast.walk(source.tree())
        if isinstance(node, ast.Call) and _opens_file(node)
    }
    assert openers == _OPENERS.keys()


def test_nothing_at_run_time_imports_the_tools() -> None:
    wrong = [
        f"{source.label}:{imported.line} imports {imported.module}"
        for source in SOURCES
        if source.top not in TOOLS | {"__main__"}
        for imported in source.imports()
        if imported.module.startswith("spacecall.") and top_of(imported.module) in TOOLS
    ]
    assert not wrong, "\n".join(wrong)


# `__init__` writes before the terminal module can be imported; `_demo_app` is a Gradio app.
_COMMANDS = [
    source
    for source in SOURCES
    if source.top == "cli"
    and source.module not in ("spacecall.cli", "spacecall.cli._outputs.terminal")
    and not source.module.startswith("spacecall.cli._demo_app.")
]
_WRITERS = frozenset(
    {"print", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
    | {"typer.echo", "typer.secho", "typer.confirm", "typer.prompt", "os.write"}
)
# Modules of rich that lay out text and write nothing.
_LAYOUT = frozenset(
    f"rich.{name}" for name in ("console", "padding", "progress", "segment", "table", "text")
)


@pytest.mark.parametrize("source", _COMMANDS, ids=[source.module for source in _COMMANDS])
def test_one_module_writes_to_the_terminal(source: SourceFile) -> None:
    """`cli._outputs.terminal` escapes the text of apps: no other module writes."""
    nodes = list(ast.walk(source.tree()))
    used = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute | ast.Name)}
    assert not used & _WRITERS
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    assert "Console" not in called
    terminal_imports = {
        imported.module
        for imported in source.imports()
        if imported.module.split(".")[0] in ("rich", "click", "getpass", "colorama")
    }
    assert terminal_imports <= _LAYOUT


def test_modules_are_small() -> None:
    folders = (PACKAGE, ROOT / "scripts", ROOT / "tests", ROOT / "docs")
    written = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if not path.is_relative_to(ROOT / "tests" / "apps") and not is_generated(path)
    ]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    large = [f"{path.relative_to(ROOT)}: {n}" for path, n in sizes.items() if n > MAX_LINES]
    assert not large, f"more than {MAX_LINES} lines:\n" + "\n".join(large)


PUBLIC = [source for source in SOURCES if "._" not in source.module]


@pytest.mark.parametrize("source", PUBLIC, ids=[source.module for source in PUBLIC])
def test_every_public_name_is_documented(source: SourceFile) -> None:
    assert ast.get_docstring(source.tree()), f"{source.label} has no docstring"
    missing = sorted(_undocumented(source.tree()))
    assert not missing, f"{source.label}: no docstring on {', '.join(missing)}"


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
