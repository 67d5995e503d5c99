"""The Markdown of the documentation site: the repository's pages, and the reference.

Links of a page lead to files of the repository, so that it can be read there. On the site, a link
to a file that is not a page leads to a page that shows the file, or lists the folder.

Standard library only.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import cast
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "spacecall"
CONFIGURATION = ROOT / "docs" / "zensical.toml"

# Pages whose path on the site is not their path below `docs`.
_MOVED = {
    "README.md": "index.md",
    "docs/README.md": "pages.md",
    "docs/decisions/README.md": "decisions/index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
}
# Files that are shown as text; others are copied.
_LANGUAGES = {
    ".py": "python",
    ".json": "json",
    ".toml": "toml",
    ".md": "markdown",
    ".yml": "yaml",
    ".txt": "text",
    ".lock": "text",
    "": "text",
}
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s]+)(?=\))")
# A name in code, or a link or heading, in which no further link can be.
_CODE = re.compile(r"\[[^\]]*\]\([^)]*\)|^#.*$|`(?P<name>\w+)`", re.MULTILINE)
_SOURCE_COMMENT = re.compile(r"^<!-- \S+( prints)? -->\n", re.MULTILINE)


class SiteError(Exception):
    """The site cannot be built; the message has a line for each fault."""


def public_names() -> dict[str, list[str]]:
    """Return the names in `__all__` of each public module, by the module's name.

    Public are the package, its modules without an underscore, and the packages in
    `spacecall.spaces` with their generated clients. A submodule of another package is public as
    far as the package exports it.
    """
    spaces = PACKAGE / "spaces"
    paths = [PACKAGE, *PACKAGE.iterdir(), *spaces.iterdir(), *spaces.glob("*/client.py")]
    names: dict[str, list[str]] = {}
    for path in sorted(paths):
        file = path / "__init__.py" if path.is_dir() else path
        if file.suffix != ".py" or path.name.startswith("_") or not file.is_file():
            continue
        if exported := _exported(file):
            module = path.relative_to(PACKAGE.parent).with_suffix("")
            names[".".join(module.parts)] = exported
    return names


def _exported(file: Path) -> list[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return cast("list[str]", ast.literal_eval(node.value))
    return []


def reference_pages() -> dict[str, str]:
    """Return the Markdown of the reference, by the page's path on the site.

    A module has a page, and the Spaces share one. A name that the package exports too is shown
    there as `spacecall.<name>`, and on the page of the module that it comes from.
    """
    modules = public_names()
    package = modules.pop("spacecall")
    pages: dict[str, str] = {}
    listed: set[str] = set()
    for module, names in modules.items():
        path = f"reference/{module.split('.')[1]}.md"
        title = "spacecall.spaces" if module.startswith("spacecall.spaces.") else module
        listed.update(names)
        entries = [f"\n::: {entry(module, name, package)}\n" for name in _ordered(names)]
        pages[path] = pages.get(path, f"# {title}\n") + "".join(entries)
    names = [name for name in _ordered(package) if name not in listed]
    entries = [f"\n::: spacecall.{name}\n" for name in names]
    pages["reference/spacecall.md"] = "# spacecall\n" + "".join(entries)
    return pages


def entry(module: str, name: str, package: list[str]) -> str:
    """Return the path that the reference shows a name by: the package's, if it exports the name."""
    return f"spacecall.{name}" if name in package else f"{module}.{name}"


def _ordered(names: list[str]) -> list[str]:
    """Classes and functions by name, then constants."""
    return sorted(names, key=lambda name: (name.isupper(), name.startswith("_"), name.lower()))


def stage(output: Path) -> None:
    """Write the configuration and the pages of the site into `output`."""
    pages = _Pages(public_names()["spacecall"])
    for path in _repository_pages():
        pages.site_path(path)
    pages.convert()
    texts = pages.texts | reference_pages()
    for site, text in texts.items():
        _write(output / "pages" / site, text)
    for site, file in pages.copies.items():
        (output / "pages" / site).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, output / "pages" / site)
    sources = str(PACKAGE.parent)
    configuration = CONFIGURATION.read_text(encoding="utf-8").replace("SOURCES", sources)
    _write(output / "zensical.toml", configuration)
    _check_navigation(configuration, set(texts))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _repository_pages() -> list[str]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("*/*.md")]
    return sorted(str(page.relative_to(ROOT)) for page in pages)


class _Pages:
    """The pages of the site, and the files that they link to.

    Args:
        names: what the package exports; its first mention on a page links to the reference.

    Attributes:
        texts: Markdown, by the path on the site.
        copies: files that are not text, by the path on the site.
    """

    def __init__(self, names: list[str]) -> None:
        self.texts: dict[str, str] = {}
        self.copies: dict[str, Path] = {}
        self._names = frozenset(names)
        self._sites: dict[str, str] = {}
        self._pending: list[str] = []

    def site_path(self, path: str) -> str:
        """Return the path on the site of a path of the repository, which becomes part of it."""
        if path not in self._sites:
            self._sites[path] = _site_path(path)
            self._pending.append(path)
        return self._sites[path]

    def convert(self) -> None:
        """Convert each page, and whatever it links to."""
        while self._pending:
            path = self._pending.pop()
            site = self._sites[path]
            if not site.endswith(".md"):
                self.copies[site] = ROOT / path
            elif site.startswith("files/"):
                self.texts[site] = self._shown(path)
            else:
                self.texts[site] = self._converted(path)

    def _converted(self, path: str) -> str:
        text = (ROOT / path).read_text(encoding="utf-8")
        unlinked = set(self._names)

        def link(match: re.Match[str]) -> str:
            return self._target(path, match["target"])

        def name(match: re.Match[str]) -> str:
            if match["name"] not in unlinked:
                return match[0]
            unlinked.discard(match["name"])
            return f"[{match[0]}][spacecall.{match['name']}]"

        parts: list[str] = []
        end = 0
        for fence in _FENCED.finditer(text):
            parts += [_CODE.sub(name, _LINK.sub(link, text[end : fence.start()])), fence[0]]
            end = fence.end()
        parts.append(_CODE.sub(name, _LINK.sub(link, text[end:])))
        return _SOURCE_COMMENT.sub("", "".join(parts))

    def _target(self, path: str, target: str) -> str:
        """Return a link of the page at `path` as it is on the site."""
        if urlsplit(target).scheme or target.startswith("#"):
            return target
        relative, _, anchor = target.partition("#")
        resolved = os.path.normpath(PurePosixPath(path).parent / relative)
        if not (ROOT / resolved).exists() or resolved.startswith(".."):
            raise SiteError(f"{path}: {target} does not exist")
        return self._relative(resolved, path) + (f"#{anchor}" if anchor else "")

    def _relative(self, path: str, start: str) -> str:
        folder = PurePosixPath(self._sites[start]).parent
        return os.path.relpath(self.site_path(path), folder)

    def _shown(self, path: str) -> str:
        """Return a page that shows a file of the repository, or lists those of a folder."""
        head = f"---\nsearch:\n  exclude: true\n---\n# {path}\n\n"
        if (ROOT / path).is_dir():
            is_documentation = path.startswith("docs/")
            lines = [
                f"- [{file}]({self._relative(file, path)})" if is_documentation else f"- {file}"
                for file in _tracked(path)
            ]
            return head + "\n".join(lines) + "\n"
        text = (ROOT / path).read_text(encoding="utf-8").rstrip()
        return f"{head}````{_LANGUAGES[PurePosixPath(path).suffix]}\n{text}\n````\n"


def _site_path(path: str) -> str:
    if path in _MOVED:
        return _MOVED[path]
    if path.startswith("docs/") and path.endswith((".md", ".svg")):
        return path.removeprefix("docs/")
    is_text = (ROOT / path).is_dir() or PurePosixPath(path).suffix in _LANGUAGES
    # Zensical passes over names that begin with a dot.
    return f"files/{path}{'.md' if is_text else ''}".replace("/.", "/_")


_IGNORED = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


def _tracked(folder: str) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    files = done.stdout.split("\n")[:-1]
    if not files:  # an unpacked release
        paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
        files = sorted(str(path) for path in paths if not _IGNORED & set(path.parts))
    return files


def _check_navigation(configuration: str, sites: set[str]) -> None:
    """Each page has a place in the navigation, but for decisions, which their index lists."""
    listed = set(_leaves(tomllib.loads(configuration)["project"]["nav"]))
    expected = {site for site in sites if not site.startswith(("files/", "decisions/"))}
    expected.add("decisions/index.md")
    faults = [f"docs/zensical.toml: nav does not list {site}" for site in expected - listed]
    faults += [f"docs/zensical.toml: {site} in nav is not a page" for site in listed - expected]
    if faults:
        raise SiteError("\n".join(sorted(faults)))


def _leaves(node: object) -> Iterator[str]:
    match node:
        case str():
            yield node
        case dict():
            for value in cast("dict[str, object]", node).values():
                yield from _leaves(value)
        case list():
            for value in cast("list[object]", node):
                yield from _leaves(value)
        case _:
            raise SiteError(f"docs/zensical.toml: nav holds {node!r}")
