"""Kill a batch at random moments, and check its output: see `./scripts/kills --help`.

Each row is an image that is uploaded to a real Gradio app, and a file that is saved. After the last
kill a run goes on to the end, and one more with `--resubmit` calls again for the rows of unknown
outcome. It exits with 1 if a row is not in the output once, with its own file; if the app has run a
row again that was finished in the journal; or if it has run any row twice that was not called again
with `--resubmit`.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
from pathlib import Path

from tests import servers
from tests.batch.kills import run


def main() -> None:
    """Run it, and print what happened."""
    parser = argparse.ArgumentParser(prog="./scripts/kills", description=__doc__)
    parser.add_argument("--rows", type=int, default=5000, help="(5000)")
    parser.add_argument("--kills", type=int, default=10, help="(10)")
    parser.add_argument("--seed", type=int, default=None, help="of the moments (random)")
    options = parser.parse_args()
    seed: int = secrets.randbits(32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with (
        servers.serve("negative_app.py", servers.GRADIO_6) as app,
        tempfile.TemporaryDirectory(prefix="spacecall-kills-") as folder,
    ):
        chance = random.Random(seed)  # noqa: S311 - of moments
        report = run(app, Path(folder), options.rows, options.kills, chance)
    for problem in report.problems[:20]:
        print(problem)
    kept = ", ".join(map(str, report.kept))
    print(
        f"{report.rows} rows, {options.kills} kills (with {kept} rows finished), {report.lost} "
        f"rows of unknown outcome, {report.seconds:.0f} s: {len(report.problems)} problems"
    )
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
