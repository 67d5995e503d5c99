"""The documentation site: the repository's pages and a reference of every public name.

`stage` copies the pages into `build/docs/pages`, and writes those of the reference. Links of a page
lead to files of the repository, so that it can be read there; on the site a link to a file that is
not a page leads to a page that shows the file. `build` has Zensical make HTML of it, and `check`
looks at that HTML: whatever makes it, each link must lead to a page and to an anchor on it, nothing
may be loaded from another host, and each public name must have an entry.

Standard library only, besides Zensical, which runs in a process of its own.
"""

from __future__ import annotations

import argparse
import ast
import functools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import cast
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "spacecall"
CONFIGURATION = ROOT / "docs" / "zensical.toml"
OUTPUT = ROOT / "build" / "docs"

# Pages whose path on the site is not their path below `docs`.
_MOVED = {
    "README.md": "index.md",
    "docs/README.md": "pages.md",
    "docs/decisions/README.md": "decisions/index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
}
_LANGUAGES = {
    ".py": "python",
    ".json": "json",
    ".toml": "toml",
    ".md": "markdown",
    ".yml": "yaml",
}
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s]+)(?=\))")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_SOURCE_COMMENT = re.compile(r"^<!-- \S+( prints)? -->\n", re.MULTILINE)


class SiteError(Exception):
    """The site cannot be built; the message has a line for each fault."""


def public_names() -> dict[str, list[str]]:
    """Return the names in `__all__` of each public module, by the module's name.

    Public are the package, its modules without an underscore, and the packages in
    `spacecall.spaces`. A submodule of another package is public as far as the package exports it.
    """
    paths = [PACKAGE, *PACKAGE.iterdir(), *(PACKAGE / "spaces").iterdir()]
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
    shown: set[str] = set()
    for module, names in modules.items():
        path = f"reference/{module.split('.')[1]}.md"
        title = "spacecall.spaces" if module.startswith("spacecall.spaces.") else module
        shown.update(names)
        entries = [f"\n::: {entry(module, name, package)}\n" for name in _ordered(names)]
        pages[path] = pages.get(path, f"# {title}\n") + "".join(entries)
    own = [name for name in _ordered(package) if name not in shown]
    entries = [f"\n::: spacecall.{name}\n" for name in own]
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
    pages = {path: _site_path(path) for path in _repository_pages()}
    shown: dict[str, str] = {}
    texts = {site: _rewritten(path, pages, shown) for path, site in pages.items()}
    pending = dict(shown)
    while pending:
        path, site = pending.popitem()
        before = set(shown)
        texts[site] = _shown_file(path, site, shown)
        pending.update({new: shown[new] for new in shown.keys() - before})
    texts |= reference_pages()
    for site, text in texts.items():
        _write(output / "pages" / site, text)
    for image in (ROOT / "docs").glob("*.svg"):
        shutil.copy(image, output / "pages" / image.name)
    sources = str(PACKAGE.parent)
    configuration = CONFIGURATION.read_text(encoding="utf-8").replace("SOURCES", sources)
    _write(output / "zensical.toml", configuration)
    _check_navigation(configuration, set(texts))


def _write(file: Path, text: str) -> None:
    """Write a file if its text is new: what is unchanged need not be built again."""
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _repository_pages() -> list[str]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("*/*.md")]
    return sorted(str(page.relative_to(ROOT)) for page in pages)


def _site_path(path: str) -> str:
    return _MOVED.get(path) or path.removeprefix("docs/")


def _file_page(path: str) -> str:
    """Return the path of the page that shows a file; Zensical passes over names with a dot."""
    return f"files/{path}.md".replace("/.", "/_")


def _rewritten(path: str, pages: dict[str, str], shown: dict[str, str]) -> str:
    """Return a page's text with the site's links; add to `shown` the files that it links to."""

    def link(match: re.Match[str]) -> str:
        target = match["target"]
        if urlsplit(target).scheme or target.startswith("#"):
            return target
        relative, _, anchor = target.partition("#")
        resolved = os.path.normpath(PurePosixPath(path).parent / relative)
        if not (ROOT / resolved).exists() or resolved.startswith(".."):
            raise SiteError(f"{path}: {target} does not exist")
        if resolved.endswith(".svg"):
            site = _site_path(resolved)
        elif resolved in pages:
            site = pages[resolved]
        else:
            site = shown.setdefault(resolved, _file_page(resolved))
        start = PurePosixPath(_site_path(path)).parent
        return os.path.relpath(site, start) + (f"#{anchor}" if anchor else "")

    text = (ROOT / path).read_text(encoding="utf-8")
    parts: list[str] = []
    end = 0
    for fence in _FENCED.finditer(text):
        parts += [_LINK.sub(link, text[end : fence.start()]), fence[0]]
        end = fence.end()
    parts.append(_LINK.sub(link, text[end:]))
    return _SOURCE_COMMENT.sub("", "".join(parts))


def _shown_file(path: str, site: str, shown: dict[str, str]) -> str:
    """Return a page that shows a file of the repository, or lists those of a folder."""
    head = f"---\nsearch:\n  exclude: true\n---\n# {path}\n\n"
    if (ROOT / path).is_dir():
        files = _tracked(path)
        is_documentation = path.startswith("docs/")
        lines: list[str] = []
        for file in files:
            if is_documentation and _is_text(ROOT / file):
                target = shown.setdefault(file, _file_page(file))
                lines.append(f"- [{file}]({os.path.relpath(target, PurePosixPath(site).parent)})")
            else:
                lines.append(f"- {file}")
        return head + "\n".join(lines) + "\n"
    text = (ROOT / path).read_text(encoding="utf-8").rstrip()
    return f"{head}````{_LANGUAGES.get(PurePosixPath(path).suffix, 'text')}\n{text}\n````\n"


def _tracked(folder: str) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    files = done.stdout.split("\n")[:-1]
    if not files:  # an unpacked release
        paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
        files = sorted(str(path) for path in paths if "__pycache__" not in path.parts)
    return files


def _is_text(file: Path) -> bool:
    return file.suffix in {*_LANGUAGES, ".txt", ".lock"}


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


@dataclass
class Page(HTMLParser):
    """What one HTML file has: anchors, links, and what a browser loads for it."""

    anchors: set[str] = field(default_factory=set[str])
    links: list[str] = field(default_factory=list[str])
    loads: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element names, links to and loads."""
        values = dict(attrs)
        if anchor := values.get("id"):
            self.anchors.add(anchor)
        if tag == "a" and (target := values.get("href")):
            self.links.append(target)
        load = values.get("href") if tag == "link" else values.get("src")
        if load and values.get("rel") not in {"canonical", "next", "prev"}:
            self.loads.append(load)


def check(html: Path, names: dict[str, list[str]]) -> list[str]:
    """Return the faults of a built site, a line each.

    Args:
        html: the folder of the site.
        names: those that must have an entry, by module.
    """
    pages: dict[Path, Page] = {}
    for file in sorted(html.rglob("*.html")):
        pages[file] = page = Page()
        page.feed(file.read_text(encoding="utf-8"))
    faults: list[str] = []
    for file, page in pages.items():
        name = file.relative_to(html)
        faults += [
            f"{name}: loads {load} from another host"
            for load in page.loads
            if urlsplit(load).netloc
        ]
        faults += [
            f"{name}: {target} leads nowhere"
            for target in [*page.links, *page.loads]
            if not _leads_somewhere(target, file, html, pages)
        ]
    anchors = {anchor for page in pages.values() for anchor in page.anchors}
    faults += [
        f"{module}.{name} is in __all__ and on no page"
        for module, exported in names.items()
        for name in exported
        if entry(module, name, names["spacecall"]) not in anchors
    ]
    return faults


def _leads_somewhere(target: str, file: Path, html: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    path = unquote(parts.path)
    base = html if path.startswith("/") else file.parent
    resolved = Path(os.path.normpath(base / path.lstrip("/"))) if path else file
    if resolved.is_dir():
        resolved /= "index.html"
    if resolved not in pages:
        return resolved.is_file()
    return not parts.fragment or unquote(parts.fragment) in pages[resolved].anchors


def build(output: Path) -> None:
    """Build the site into `output`; raise `SiteError` for whatever is wrong with it."""
    for folder in ("pages", "html"):
        shutil.rmtree(output / folder, ignore_errors=True)
    stage(output)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    done = subprocess.run(
        command,
        cwd=output,
        env=os.environ | {"NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode or re.search("warning|error", done.stdout, re.IGNORECASE):
        report = _COLOUR.sub("", done.stdout).partition("Traceback (")[0]
        raise SiteError(report.strip() or done.stdout.strip())
    if faults := check(output / "html", public_names()):
        raise SiteError("\n".join(faults))


def serve(output: Path, port: int) -> None:
    """Serve the site on loopback until interrupted, and build it again when its sources change."""
    handler = functools.partial(_QuietHandler, directory=str(output / "html"))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _say(f"http://127.0.0.1:{server.server_port} (Ctrl-C ends it)")
        _on_changes(lambda: _try_build(output))


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing of a request."""


def _on_changes(rebuild: Callable[[], object]) -> None:
    last = None
    while True:
        newest = max(
            file.stat().st_mtime
            for folder in (ROOT / "docs", PACKAGE)
            for file in (*ROOT.glob("*.md"), *folder.rglob("*.md"), *folder.rglob("*.py"))
        )
        if newest != last:
            rebuild()
            last = newest
        time.sleep(1)


def _try_build(output: Path) -> bool:
    start = time.monotonic()
    try:
        build(output)
    except SiteError as error:
        print(f"the site cannot be built:\n{error}", file=sys.stderr)
        return False
    _say(f"built {output / 'html' / 'index.html'} in {time.monotonic() - start:.1f} s")
    return True


def _say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Build the site, or serve it."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description="Build the documentation.")
    parser.add_argument("command", nargs="?", choices=["build", "serve"], default="build")
    parser.add_argument("port", nargs="?", type=int, default=8000, help="to serve on, of loopback")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the folder to build in")
    arguments = parser.parse_args()
    if arguments.command == "build":
        return 0 if _try_build(arguments.output) else 1
    try:
        serve(arguments.output, arguments.port)
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
