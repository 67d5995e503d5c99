"""The documentation site: made of Markdown by Zensical, and then checked.

`scripts._site_pages` writes the Markdown into `build/docs/pages`. `build` has Zensical make HTML
of it, and `check` looks at that HTML: whatever makes it, each link must lead to a page and to an
anchor on it, nothing may be loaded from another host, and each public name must have an entry.

Standard library only, besides Zensical, which runs in a process of its own.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts._site_pages import PACKAGE, ROOT, SiteError, entry, public_names, stage

OUTPUT = ROOT / "build" / "docs"
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


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
