"""spacecall, gradio_client and the floor, measured in one run: see `./scripts/bench/run --help`."""

from __future__ import annotations

import argparse
import sys

from scripts.bench import page
from scripts.bench.figures import FIGURES
from scripts.bench.goals import Figure
from scripts.bench.measuring import opened


def main() -> int:
    """Measure, print, renew the page, tell whether a goal was missed."""
    parser = argparse.ArgumentParser(prog="./scripts/bench/run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each twice; the page stays as it is")
    parser.add_argument("figure", nargs="*", help=f"to renew, of {', '.join(FIGURES)} (all)")
    options = parser.parse_args()
    names: list[str] = options.figure or list(FIGURES)
    if unknown := set(names) - FIGURES.keys():
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    earlier = page.kept()
    with opened(quick=options.quick) as bench:
        for name in names:
            figures.append(FIGURES[name](bench))
            if not options.quick:
                earlier[name] = figures[-1]
                page.keep(earlier)
            print(page.table(figures[-1:]).partition("|\n|---")[2].partition("\n")[2], end="")
            sys.stdout.flush()
    worse = page.verdicts(dict(zip(names, figures, strict=True)))
    print("\n".join(["worse than the committed figures:", *worse] if worse else ["not worse"]))
    if not options.quick and earlier.keys() >= FIGURES.keys():
        page.write([earlier[name] for name in FIGURES], "./scripts/bench/run")
        page.commit({name: earlier[name] for name in FIGURES})
    return int(not all(goal.met for figure in figures for goal in figure.goals))


if __name__ == "__main__":
    sys.exit(main())
