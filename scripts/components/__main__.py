"""`python -m scripts.components`: see `scripts/components/run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import anyio

from scripts._environments import GRADIO_VERSIONS, say
from scripts.components.measuring import measure
from scripts.components.tables import read_values, write_page, write_table, write_values


def main(arguments: Sequence[str]) -> int:
    """Measure the releases named, or all, and write the files."""
    releases: Sequence[str] = arguments or GRADIO_VERSIONS
    if list(arguments) == ["--tables"]:
        releases = ()
    if unknown := set(releases) - set(GRADIO_VERSIONS):
        print(f"not a measured release: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    measured = read_values()
    for release in releases:
        say(f"measuring the components of Gradio {release}")
        measured[release] = anyio.run(measure, release)
        write_values(measured)
    write_table(measured)
    write_page(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
