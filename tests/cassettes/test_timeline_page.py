"""The HTML page of a timeline: its markup, its colours, and its look in a real browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from itertools import chain, product
from pathlib import Path

import pytest

from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._inspect import timeline_page
from spacecall.cassettes._inspect.timeline import Outcome, read_timeline
from spacecall.cassettes._inspect.timeline_page import render_page
from tests.cassettes.browser import chromium
from tests.cassettes.timeline_exchanges import cancel_request, join_request, message, stream

HOSTILE = "</script></style><script>document.title='owned'</script><img src=x onerror=alert(1)>"
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main"),
    *("h1", "p", "ul", "li", "div", "span", "pre", "details", "summary"),
    *("svg", "defs", "g", "use", "rect", "line", "text"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "aria-hidden"),
    *("x", "y", "width", "height", "x1", "x2", "y2", "text-anchor"),
}
TEXT_COLOURS = ("text", "soft", "done", "failed", "stopped")
SHAPE_COLOURS = ("queued", "running", "partial", "done", "failed", "stopped", "focus")
ENTER = "\ue007"
IS_CLOSED = "return !document.querySelector('.events').checkVisibility()"
VISIBLE_TEXTS = """
const colourOf = (element) => getComputedStyle(element);
const texts = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !element.checkVisibility()) continue;
  let parent = element;
  while (colourOf(parent).backgroundColor === "rgba(0, 0, 0, 0)") parent = parent.parentElement;
  const isShape = element.tagName === "text";
  const colour = isShape ? colourOf(element).fill : colourOf(element).color;
  texts.push([element.textContent, colour, colourOf(parent).backgroundColor]);
}
return texts;
"""
MEASURES = """
const box = (element) => {
  const { left, right } = element.getBoundingClientRect();
  return [left, right];
};
const labels = [...document.querySelectorAll(".axis text")];
return {
  labels: labels.filter((label) => label.checkVisibility()).map(box),
  axis: box(document.querySelector(".axis svg")),
  bar: box(document.querySelector(".row svg")),
  width: document.documentElement.scrollWidth,
  resources: performance.getEntriesByType("resource").length,
};
"""


class Markup(HTMLParser):
    """The tags, attributes, addresses and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str | None] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {address for name, address in attrs if name in ("href", "src")}

    def handle_data(self, data: str) -> None:
        self.text += data


def record_all_outcomes() -> list[Exchange]:
    """Return a recording with hostile text and a job or request of each outcome."""

    request_ends = ["complete", "closed", "ReadError"]
    return [
        *(join_request(name, at=at, data=[HOSTILE]) for at, name in enumerate(("e1", "e2", "e3"))),
        stream(
            (1.5, message("process_starts", "e1")),
            (2.5, message("process_generating", "e1", output={"data": [HOSTILE]})),
            (3.0, message("process_completed", "e1", success=True, output={"data": [HOSTILE]})),
            (3.5, message("process_completed", "e2", success=False, output={"error": "boom"})),
            (4.5, message(HOSTILE, "e3")),
            at=0.5,
            ended_at=60.0,
        ),
        cancel_request(at=5.0),
        *(
            Exchange(
                *("GET", f"http://app/{HOSTILE}"),
                status=200,
                body={"json": {HOSTILE: HOSTILE}},
                started_at=at,
                ended_at=at + 9,
                end_reason=end_reason,
            )
            for at, end_reason in zip((6, 20, 44), request_ends, strict=True)
        ),
    ]


def render(*exchanges: Exchange, title: str = "all.json") -> str:
    return render_page(title, {}, read_timeline(exchanges, {}))


def test_recorded_text_adds_no_tag_attribute_or_address_to_the_page() -> None:
    page = Markup(render(*record_all_outcomes(), title=f"{HOSTILE}@STYLE@"))
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert page.addresses == {"#grid"}
    assert page.text.count(HOSTILE) >= 8
    assert f"{HOSTILE}@STYLE@" in page.text


def test_the_policy_of_the_page_allows_its_style_and_nothing_else() -> None:
    page = render()
    (policy,) = re.findall(r'"Content-Security-Policy" content="(.*?)"', page)
    assert re.sub(r"sha256-[\w+/]{43}=", "sha256", policy).split("; ") == [
        *("default-src 'none'", "style-src 'sha256'", "base-uri 'none'", "form-action 'none'")
    ]


def test_control_characters_and_marks_of_direction_are_visible() -> None:
    page = render(Exchange("GET", "http://app/\u202e", body={"json": "\u202e\ud800"}, status=200))
    assert "GET /\\u202e" in page
    assert '"\\u202e\\ud800"' in page
    page.encode("utf-8")


def test_each_outcome_is_a_word_beside_a_sign() -> None:
    page = render(*record_all_outcomes())
    rows = page[page.index("<main>") :]
    for outcome in Outcome:
        word = f'<span aria-hidden="true">{outcome.sign}</span> {outcome}</span>'
        assert word in rows
    assert "6 jobs and requests: 2 done, 1 failed, 1 cancelled, 1 left, 1 lost" in page
    assert '<span class="error failed">boom</span>' in rows


def test_the_axis_and_the_events_count_from_the_same_zero() -> None:
    completed = message("process_completed", success=True, output={"data": []})
    page = render(join_request(at=100.0), stream((104.0, completed), at=101.0, ended_at=105))
    ticks = re.findall(r'<text.*? x="(.*?)" .*?>(.*?)</text>', page)
    assert ticks == [
        *(("0.0%", "0"), ("25.0%", "1 s"), ("50.0%", "2 s"), ("75.0%", "3 s"), ("100.0%", "4 s"))
    ]
    assert re.findall(r'class="at">(.*?)<', page) == ["0.000 s", "4.000 s"]
    assert "started at 0.000 s, ended at 4.000 s" in page


def test_the_page_of_an_empty_recording_says_so() -> None:
    assert "0 jobs and requests" in render()


def test_rows_events_and_texts_of_the_page_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_page, "_MAX_ROWS", 3)
    monkeypatch.setattr(timeline_page, "_MAX_EVENTS", 5)
    monkeypatch.setattr(timeline_page, "_MAX_VALUES", 50_000)
    partial = message("process_generating", output={"data": ["x" * 30_000]})
    exchanges = [
        join_request(),
        stream(*((float(at), partial) for at in range(9)), ended_at=9),
        *(Exchange("GET", f"http://app/{'y' * 9_000}", status=200) for _ in range(4)),
    ]
    page = render(*exchanges, title="z" * 9_000)
    assert "5 jobs and requests: 4 left, 1 lost; only the first 3 are below" in page
    assert page.count('class="row ') == 3
    assert "<p>5 more events</p>" in page
    assert page.count("x" * 1_000) <= 50
    assert len(page) < 75_000


def test_nested_values_are_not_indented_beyond_measure() -> None:
    nested: list[object] = []
    for _ in range(90):
        nested = [nested]
    page = render(Exchange("GET", "http://app/", status=200, body={"json": nested}))
    assert "[" * 91 + "]" * 91 in page


def test_many_partial_results_at_one_position_are_one_line() -> None:
    partial = message("process_generating", output={"data": [1]})
    times = [*(5 + at / 10_000 for at in range(500)), 10.0]
    page = render(join_request(), stream(*((at, partial) for at in times), ended_at=10))
    assert page[page.index("<main>") :].count('class="partial"') < 10


def read_colours() -> dict[str, dict[str, str]]:
    """Return the colours of each theme, by name."""
    style = files("spacecall.cassettes._inspect").joinpath("timeline_page.css").read_text("utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert style.count("#") == light.count("#") + dark.count("#"), "colours have names"
    names = re.compile(r"--(\w+): (#[0-9a-f]{6})")
    return {"light": dict(names.findall(light)), "dark": dict(names.findall(dark))}


def contrast(*colours: str) -> float:
    """Return the contrast of two colours, `#rrggbb` or `rgb(r, g, b)`, by WCAG 2.2."""
    darker, lighter = sorted(map(_luminance, colours))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    if colour.startswith("#"):
        channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    else:
        channels = [int(digits) for digits in re.findall(r"\d+", colour)]
    assert len(channels) == 3, colour
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (level / 255 for level in channels)
    ]
    return sum(
        part * channel for part, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_and_shapes_have_the_contrast_of_wcag_aa(theme: str) -> None:
    colours = read_colours()[theme]
    for background in ("page", "raised"):
        for name in TEXT_COLOURS:
            assert contrast(colours[name], colours[background]) >= 4.5, (name, background)
        for name in SHAPE_COLOURS:
            assert contrast(colours[name], colours[background]) >= 3, (name, background)
    assert contrast(colours["partial"], colours["running"]) >= 3


@pytest.mark.requires("chromedriver")
def test_a_browser_shows_the_page_readably_at_both_widths_and_in_both_themes(
    tmp_path: Path,
) -> None:
    file = tmp_path / "page.html"
    file.write_text(render(*record_all_outcomes(), title=HOSTILE), encoding="utf-8")
    with chromium() as browser:
        for width, theme in product((360, 1280), ("light", "dark")):
            browser.emulate(width, theme)
            browser.open(file.as_uri())
            assert browser.script(IS_CLOSED)
            # The keyboard opens a row, and an event of it.
            browser.press(".row > summary", ENTER)
            browser.press(".row[open] .event > summary", ENTER)
            texts = browser.script(VISIBLE_TEXTS)
            assert any(HOSTILE in text and "session_hash" in text for text, *_ in texts)
            for text, *colours in texts:
                assert contrast(*colours) >= 4.5, text
            measures = browser.script(MEASURES)
            assert measures["width"] <= width
            assert measures["axis"] == measures["bar"]
            left, right = measures["bar"]
            assert right - left > 300
            labels = [0, *chain(*measures["labels"]), width]
            assert labels == sorted(labels)
            assert len(measures["labels"]) >= 3
            assert browser.script("return document.title") == HOSTILE
            assert measures["resources"] == 0
        assert browser.errors() == []
