"""Runs the demo apps on real servers of Gradio releases: `scripts/corpus`."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio

from tests import servers
from tests.demos.explanations import EXPLANATIONS
from tests.demos.runner import APP, Report, run_apps

RELEASES = (servers.GRADIO_6, servers.GRADIO_5, servers.GRADIO_4)


def run_release(
    version: str, apps: Sequence[str], *, at_once: int = 2, verbose: bool = False
) -> list[Report]:
    """Run apps on one Gradio; every app if none is named. Prints the unexplained differences.

    Args:
        version: of Gradio.
        apps: their names.
        at_once: apps that are called at the same time.
        verbose: whether to print the explained differences too.
    """
    reports: list[Report] = []
    began = time.monotonic()

    def show(report: Report) -> None:
        reports.append(report)
        explained = sum(len(entries) for entries in report.explained.values())
        print(
            f"{version} {report.app}: {report.calls} calls, {explained} explained, "
            f"{len(report.unexplained)} unexplained ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        for difference in report.unexplained:
            print(f"  {difference}", flush=True)
        if verbose:
            for name, entries in report.explained.items():
                for difference in entries:
                    print(f"  ({name}) {difference}", flush=True)

    async def run(url: str) -> None:
        await run_apps(url, version, on_report=show, at_once=at_once)

    options = ["--only", ",".join(apps)] if apps else []
    with servers.serve(APP, version, args=options) as server:
        anyio.run(run, server.url)
    return reports


def table(results: dict[str, list[Report]]) -> str:
    """The result as Markdown: a row for each release, and the explanations with their counts."""
    lines = [
        "| Gradio | apps | endpoints | calls of each client | differences | unexplained |",
        "|---|---|---|---|---|---|",
    ]
    counts = Counter[str]()
    for version, reports in results.items():
        for report in reports:
            counts.update({name: len(entries) for name, entries in report.explained.items()})
        unexplained = sum(len(report.unexplained) for report in reports)
        total = unexplained + sum(
            len(entries) for report in reports for entries in report.explained.values()
        )
        endpoints = sum(report.endpoints for report in reports)
        calls = sum(report.calls for report in reports)
        lines.append(
            f"| {version} | {len(reports)} | {endpoints} | {calls} | {total} | {unexplained} |"
        )
    lines += ["", "The differences, and how many results have them:", ""]
    lines += [f"- {entry.reason} ({counts[entry.name]})" for entry in EXPLANATIONS]
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 if a difference has no explanation, 2 for an unknown app."""
    parser = argparse.ArgumentParser(prog="scripts/corpus", description=__doc__)
    parser.add_argument(
        "--gradio", action="append", choices=RELEASES, help="a release (all by default)"
    )
    parser.add_argument("--at-once", type=int, default=2, help="apps called at the same time")
    parser.add_argument("--verbose", action="store_true", help="print explained differences too")
    parser.add_argument("--table", type=Path, help="where to write the result as Markdown")
    parser.add_argument("apps", nargs="*", help="names of apps (all by default)")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    results = {
        version: run_release(
            version, options.apps, at_once=options.at_once, verbose=options.verbose
        )
        for version in options.gradio or RELEASES
    }
    if options.table:
        options.table.write_text(table(results), encoding="utf-8")
    ran = {report.app for reports in results.values() for report in reports}
    if missing := [app for app in options.apps if app not in ran]:
        parser.error(f"no such app on these releases: {', '.join(missing)} (see tests/apps/demos)")
    return int(any(report.unexplained for reports in results.values() for report in reports))


if __name__ == "__main__":
    sys.exit(main())
