"""The documentation site has each page and each public name, and no dead link."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import spacecall
from scripts import _site, _site_pages
from spacecall import spaces
from tests.docs.pages import ROOT, pages


def public_modules() -> Iterator[str]:
    """Every module that can be imported by a name without an underscore, below the package."""
    yield "spacecall"
    for package in (spacecall, spaces):
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                yield f"{package.__name__}.{module.name}"


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the site, as Markdown."""
    output = tmp_path_factory.mktemp("site")
    _site_pages.stage(output)
    return output / "pages"


@pytest.mark.parametrize("module", [*public_modules()])
def test_each_public_name_of_a_module_is_on_a_page_of_the_reference(
    module: str, staged: Path
) -> None:
    texts = [page.read_text(encoding="utf-8") for page in staged.glob("reference/*.md")]
    documented = {name for text in texts for name in re.findall(r"^::: (\S+)$", text, re.MULTILINE)}
    for name in getattr(import_module(module), "__all__", ()):
        paths = {f"{module}.{name}"}
        if name in spacecall.__all__:
            paths.add(f"spacecall.{name}")
        assert paths & documented, name


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_each_page_is_on_the_site_with_links_that_lead_to_its_pages(
    page: Path, staged: Path
) -> None:
    path = str(page.relative_to(ROOT))
    site = staged / {"README.md": "index.md", "docs/README.md": "pages.md"}.get(
        path, path.removeprefix("docs/").replace("decisions/README", "decisions/index")
    )
    if not site.is_file():
        site = staged / "project" / page.name.lower()
    text = re.sub(r"^```.*?^```$", "", site.read_text(encoding="utf-8"), flags=re.M | re.S)
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    for target in targets:
        relative = target.partition("#")[0]
        assert not relative or (site.parent / relative).resolve().is_relative_to(staged), target
        assert not relative or (site.parent / relative).is_file(), target


def test_the_comments_that_name_a_blocks_source_are_not_on_the_site(staged: Path) -> None:
    assert "<!-- docs/examples" not in (staged / "index.md").read_text(encoding="utf-8")


def test_the_first_mention_of_a_public_name_links_to_the_reference(staged: Path) -> None:
    text = (staged / "errors.md").read_text(encoding="utf-8")
    assert text.count("[`AppError`][spacecall.AppError]") == 1
    assert text.count("`AppError`") > 1
    assert not re.search(r"^#.*\]\[spacecall\.", text, re.MULTILINE)


def test_a_file_that_pages_link_to_is_on_the_site_as_text_or_as_it_is(staged: Path) -> None:
    program = (staged / "files/docs/examples/app.py.md").read_text(encoding="utf-8")
    assert "def greet(name: str" in program
    picture = ROOT / "docs/examples/flag.png"
    assert (staged / "files/docs/examples/flag.png").read_bytes() == picture.read_bytes()


def test_a_link_to_what_does_not_exist_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README.md").write_text("[gone](docs/gone.md)", encoding="utf-8")
    monkeypatch.setattr(_site_pages, "ROOT", tmp_path)
    with pytest.raises(_site_pages.SiteError, match=r"README\.md: docs/gone\.md does not exist"):
        _site_pages.stage(tmp_path / "site")


def test_a_page_that_the_navigation_does_not_list_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = _site_pages.CONFIGURATION.read_text(encoding="utf-8")
    assert '"hub.md",' in configuration
    changed = tmp_path / "zensical.toml"
    changed.write_text(configuration.replace('"hub.md",', '"hubs.md",', 1), encoding="utf-8")
    monkeypatch.setattr(_site_pages, "CONFIGURATION", changed)
    with pytest.raises(_site_pages.SiteError) as caught:
        _site_pages.stage(tmp_path / "site")
    assert "nav does not list hub.md" in str(caught.value)
    assert "hubs.md in nav is not a page" in str(caught.value)


FAULTS = {
    '<a href="other.html">x</a>': "index.html: other.html leads nowhere",
    '<a href="page.html#nowhere">x</a>': "index.html: page.html#nowhere leads nowhere",
    '<a href="#nowhere">x</a>': "index.html: #nowhere leads nowhere",
    '<a href="../page.html">x</a>': "index.html: ../page.html leads nowhere",
    '<img src="missing.svg">': "index.html: missing.svg leads nowhere",
    '<script src="https://cdn.example/x.js"></script>': (
        "index.html: loads https://cdn.example/x.js from another host"
    ),
    '<link rel="stylesheet" href="//fonts.example/x.css">': (
        "index.html: loads //fonts.example/x.css from another host"
    ),
}


@pytest.mark.parametrize(("element", "fault"), [*FAULTS.items()])
def test_a_fault_of_the_html_is_reported(element: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<h1 id="spacecall.Space">Space</h1>', encoding="utf-8")
    (tmp_path / "index.html").write_text(element, encoding="utf-8")
    assert _site.check(tmp_path, {"spacecall": ["Space"]}) == [fault]


def test_links_to_pages_anchors_files_and_other_hosts_are_no_fault(tmp_path: Path) -> None:
    links = ["page.html", "page.html#a%20b", "/page.html", "image.svg", "https://example.com/x", ""]
    text = "".join(f'<a href="{link}">x</a>' for link in links) + '<img src="image.svg">'
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    (tmp_path / "page.html").write_text('<h1 id="a b">x</h1><a href=".">x</a>', encoding="utf-8")
    (tmp_path / "image.svg").touch()
    assert _site.check(tmp_path, {"spacecall": []}) == []


def test_a_public_name_without_an_entry_is_reported(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<h2 id="spacecall.Space">Space</h2>', encoding="utf-8")
    names = {"spacecall": ["Space", "Job"], "spacecall.errors": ["Phase"]}
    assert _site.check(tmp_path, names) == [
        "spacecall.Job is in __all__ and on no page",
        "spacecall.errors.Phase is in __all__ and on no page",
    ]
