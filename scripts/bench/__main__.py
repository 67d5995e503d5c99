"""spacecall, gradio_client and the floor, measured in one run: see `./scripts/bench/run --help`."""

from __future__ import annotations

import argparse
import sys

from scripts.bench import page
from scripts.bench.figures import FIGURES
from scripts.bench.goals import Figure
from scripts.bench.measuring import opened


def main() -> int:
    """Measure, print, write the page where all was measured, tell whether a goal was missed."""
    parser = argparse.ArgumentParser(prog="./scripts/bench/run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each twice; writes nothing")
    parser.add_argument("figure", nargs="*", help=f"of {', '.join(FIGURES)} (all)")
    given = parser.parse_args()
    names: list[str] = given.figure or list(FIGURES)
    if unknown := set(names) - FIGURES.keys():
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    with opened(quick=given.quick) as bench:
        for name in names:
            figures.append(FIGURES[name](bench))
            print(page.table(figures[-1:]).partition("|\n|---")[2].partition("\n")[2], end="")
            sys.stdout.flush()
    if not given.quick and not given.figure:
        page.write(figures, "./scripts/bench/run")
    return int(not all(goal.met for figure in figures for goal in figure.goals))


if __name__ == "__main__":
    sys.exit(main())
