"""The page that tells the figures: a table and a plot."""

from __future__ import annotations

import json
import platform
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts._environments import cache
from scripts.bench.goals import Figure, Goal
from scripts.bench.measuring import ROOT
from tests.servers import GRADIO_6

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
README = ROOT / "README.md"
COMMITTED = ROOT / "docs" / "performance.json"
_TOLERANCE = 1.2
"""How much worse a number may be than the committed one: machines and their load differ."""
_TIMES_FASTER = re.compile(r"\d+(?= times faster than with gradio_client)")
_KEPT = cache() / "bench" / "figures.json"
_BEGIN, _END = "<!-- scripts/bench -->\n", "<!-- end -->"
_COLOURS = {"spacecall": "#1a7f64", "floor": "#9aa5b1", "gradio_client": "#e08e45"}
_PACKAGES = ("gradio_client", "httpx", "httpcore", "h11", "anyio", "pydantic")


def kept() -> dict[str, Figure]:
    """Return the figures of earlier runs, by name."""
    if not _KEPT.exists():
        return {}
    saved: dict[str, Any] = json.loads(_KEPT.read_text(encoding="utf-8"))
    return {
        name: Figure(
            figure["title"],
            figure["measured"],
            [Goal(**goal) for goal in figure["goals"]],
            figure["bars"],
        )
        for name, figure in saved.items()
    }


def keep(figures: Mapping[str, Figure]) -> None:
    """Keep them, so that one can be taken anew without all the others."""
    saved = {name: asdict(figure) for name, figure in figures.items()}
    text = json.dumps(saved, ensure_ascii=False)
    _KEPT.write_text(text, encoding="utf-8")


def verdicts(figures: Mapping[str, Figure]) -> list[str]:
    """Compare figures with the committed ones; return a line for each number that is worse."""
    if not COMMITTED.exists():
        return ["there are no committed figures"]
    committed: dict[str, dict[str, float]] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    lines: list[str] = []
    for name, figure in figures.items():
        for goal in figure.goals:
            before = committed.get(name, {}).get(goal.text)
            if before is not None and _is_worse(goal, before):
                lines.append(
                    f"{name}: {goal.text}: {goal.got:.3g} {goal.unit}, committed {before:.3g}"
                )
    return lines


def _is_worse(goal: Goal, before: float) -> bool:
    if goal.least:
        return goal.got * _TOLERANCE < before
    # below a tenth of the limit, a number is noise
    return goal.got > max(before * _TOLERANCE, before + goal.limit / 10)


def commit(figures: Mapping[str, Figure]) -> None:
    """Write the numbers that later runs are compared with, and those of the README."""
    numbers = {
        name: {goal.text: float(f"{goal.got:.4g}") for goal in figure.goals}
        for name, figure in figures.items()
    }
    COMMITTED.write_text(json.dumps(numbers, ensure_ascii=False, indent=2) + "\n", "utf-8")
    times = 1 / figures["latency"].goals[0].got
    text = README.read_text(encoding="utf-8")
    README.write_text(_TIMES_FASTER.sub(f"{times:.0f}", text), encoding="utf-8")


def table(figures: Sequence[Figure]) -> str:
    """One row a goal."""
    rows = ["| figure | spacecall | floor | gradio_client | goal | got | |", f"|{'---|' * 7}"]
    for figure in figures:
        numbers = [figure.measured.get(name, "") for name in _COLOURS]
        head = [figure.title, *numbers]
        goals: list[Goal | None] = [*figure.goals] or [None]
        for goal in goals:
            rows.append(f"| {' | '.join([*head, *_goal(goal)])} |")
            head = [""] * len(head)
    return "\n".join(rows) + "\n"


def _goal(goal: Goal | None) -> list[str]:
    if goal is None:
        return ["", "", ""]
    return [goal.text, f"{goal.got:.3g} {goal.unit}", "met" if goal.met else "**missed**"]


def machine() -> str:
    """Where, and with what."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{len(names)} cores ({names[0]}), Python {platform.python_version()}, Gradio {GRADIO_6}, "
        f"{packages}"
    )


def write(figures: Sequence[Figure], command: str) -> None:
    """Put the table into the page, and draw the plot."""
    plot = f"![What each client takes, in multiples of what spacecall takes]({PLOT.name})"
    where = textwrap.fill(f"`{command}` on {machine()}", 100)
    text = f"{_BEGIN}{where}\n\n{table(figures)}\n{plot}\n"
    page = PAGE.read_text(encoding="utf-8")
    before, _, after = page.partition(_BEGIN)
    PAGE.write_text(f"{before}{text}{_END}{after.partition(_END)[2]}", encoding="utf-8")
    _draw([figure for figure in figures if len(figure.bars) > 1])


def _draw(figures: Sequence[Figure]) -> None:
    """Each client's number as a multiple of spacecall's."""
    import_module("matplotlib").use("svg")
    plots: Any = import_module("matplotlib.pyplot")
    plots.rcParams.update({"svg.hashsalt": "spacecall", "svg.fonttype": "none"})
    drawing, axes = plots.subplots(figsize=(9, 0.55 * len(figures) + 1.2), layout="constrained")
    for position, figure in enumerate(reversed(figures)):
        bars: Mapping[str, float] = figure.bars
        for row, (name, colour) in enumerate(reversed(_COLOURS.items())):
            if name in bars:
                times = bars[name] / bars["spacecall"]
                label = name if name not in axes.get_legend_handles_labels()[1] else None
                axes.barh(position + 0.26 * (row - 1), times, 0.24, color=colour, label=label)
                axes.text(
                    times * 1.04, position + 0.26 * (row - 1), f"{times:.3g}", va="center", size=7
                )
    titles = [_short(figure.title) for figure in reversed(figures)]
    axes.set_yticks(range(len(figures)), titles, size=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("times what spacecall takes: less is better", size=8)
    axes.spines[["top", "right"]].set_visible(False)
    drawing.legend(loc="outside upper right", ncols=3, frameon=False, fontsize=8)
    drawing.savefig(PLOT, metadata={"Date": None})


def _short(title: str) -> str:
    return title.partition(" (")[0].replace("`", "").replace(": ", ":\n")
