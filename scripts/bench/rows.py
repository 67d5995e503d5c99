"""Rows per second and memory of `space.map` and `spacecall map`, on the wire stub.

`python -m scripts.bench.rows [--rows N] [CLIENT…]`, in the environment of `./scripts/bench/run`,
prints a table for docs/performance.md. A million rows take about half an hour for each client;
gradio_client gets a fiftieth of them.
"""

from __future__ import annotations

import argparse
import json
import tempfile

from scripts.bench.measuring import Sample, opened, python

CALLS = 16
"""Calls that run at once."""
NAMES = {
    "ours": "`space.map`",
    "command": "`spacecall map`",
    "floor": "bare httpx",
    "official": "`ThreadPoolExecutor` over gradio_client",
}
# gradio_client takes 40 ms of processor time for a call.
FRACTIONS = {"official": 50}
_MEGABYTE = 2**20
_SECONDS_PER_ROW = 0.1
"""A row that takes longer than this is a failure."""


def measure(url: str, client: str, rows: int) -> Sample:
    """Return what a client measured of itself."""
    arguments: dict[str, object] = {"url": url, "rows": rows, "calls": CALLS}
    with tempfile.TemporaryDirectory(prefix="spacecall-bench-") as folder:
        if client == "command":
            arguments["folder"] = folder
        module = "scripts.bench.clients.rows"
        timeout = 600 + rows * _SECONDS_PER_ROW
        text = python("-m", module, client, json.dumps(arguments), timeout=timeout)
        sample: Sample = json.loads(text)
        return sample


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench.rows", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="(1,000,000)")
    parser.add_argument("client", nargs="*", help=f"of {', '.join(NAMES)} (all)")
    options = parser.parse_args()
    clients: list[str] = options.client or list(NAMES)
    print("| client | rows | rows per second | lost | CPU per row | memory above idle | growth |")
    print("|---|---|---|---|---|---|---|")
    with opened(quick=True) as bench:
        for client in clients:
            rows = max(100, options.rows // FRACTIONS.get(client, 1))
            sample = measure(bench.stub, client, rows)
            print(
                f"| {NAMES[client]} | {rows:,} | {1 / sample['seconds']:,.0f} "
                f"| {sample.get('lost', 0):.0f} | {1000 * sample['cpu']:.2f} ms "
                f"| {sample['memory'] / _MEGABYTE:.1f} MB "
                f"| {sample['growth'] / _MEGABYTE:.1f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
