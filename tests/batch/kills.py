"""Kill `spacecall map` at random moments, go on, and check that each row is in the output once.

Each row is an image that is uploaded to a real Gradio app, and a file that is saved.
"""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
import struct
import subprocess
import time
import zlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.cli.processes import command, environment
from tests.servers import AppServer

CALLS = 16
RUN_SECONDS = 900.0


@dataclass(slots=True)
class Report:
    """What happened.

    Attributes:
        rows: how many there were.
        kept: rows that were finished in the journal, at each kill.
        lost: rows of unknown outcome, before they were called again.
        seconds: all of it.
        problems: what is wrong; empty if nothing is.
    """

    rows: int
    kept: list[int] = field(default_factory=list[int])
    lost: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list[str])


def png(row: int) -> bytes:
    """Return an image of 8 x 8 pixels whose color is the number of its row."""
    line = b"\0" + row.to_bytes(3, "big") * 8

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(line * 8))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def row_of_negative(content: bytes) -> int:
    """Return the row whose negative this image is."""
    position, pixels = 8, b""
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        if content[position + 4 : position + 8] == b"IDAT":
            pixels += content[position + 8 : position + 8 + length]
        position += 12 + length
    first = zlib.decompress(pixels)[1:4]  # no filter changes the first pixel
    return 0xFFFFFF - int.from_bytes(first, "big")


def starts(app: AppServer) -> Counter[int]:
    """Return how often the app has started each row."""
    return Counter(int(row) for row in re.findall(r"^row (\d+) start$", app.log(), re.MULTILINE))


def finished_rows(journal: Path) -> set[int]:
    """Return the rows that the journal has a result of."""
    if not journal.exists():
        return set()
    with closing(sqlite3.connect(journal)) as database:
        query = "SELECT number FROM rows WHERE state = 'done'"
        return {number for (number,) in database.execute(query)}


def write_input(path: Path, rows: int) -> None:
    """Write the images as a Parquet file, with the bytes of each."""
    pyarrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    images = [{"bytes": png(row), "path": f"{row}.png"} for row in range(rows)]
    parquet.write_table(pyarrow.table({"image": images}), path)


def run(app: AppServer, folder: Path, rows: int, kills: int, chance: random.Random) -> Report:
    """Run a batch, kill it at random moments, and check what is left in the end."""
    began = time.monotonic()
    report = Report(rows)
    source, output = folder / "rows.parquet", folder / "out"
    write_input(source, rows)
    arguments = ("map", app.url, "/negative", "--input", source, "--output", output)
    words = command(*arguments, "--concurrency", CALLS, "--quiet")
    journal = output / "journal.sqlite"
    kept: dict[int, int] = {}
    for moment in sorted(chance.uniform(0, 0.95) for _ in range(kills)):
        kept |= _run_and_kill(app, words, journal, int(moment * rows), chance)
        report.kept.append(len(kept))
    _finish(words)
    once = starts(app)
    report.problems += [f"row {row} ran {n} times" for row, n in once.items() if n > 1]
    results = _read_results(output)
    lost = {result["row"] for result in results if "value" not in result}
    report.lost = len(lost)
    _finish([*words, "--resubmit"])
    final = starts(app)
    report.problems += [
        f"row {row} was finished, and ran again" for row, n in kept.items() if final[row] != n
    ]
    report.problems += [
        f"row {row} ran {n} times" for row, n in final.items() if n > 1 + (row in lost)
    ]
    report.problems += _check_results(output, rows)
    report.seconds = time.monotonic() - began
    return report


def _run_and_kill(
    app: AppServer, words: list[str], journal: Path, goal: int, chance: random.Random
) -> dict[int, int]:
    """Kill a run when the app has started so many rows; return the starts of finished rows."""
    before = sum(starts(app).values())
    with subprocess.Popen(words, env=environment()) as process:
        deadline = time.monotonic() + RUN_SECONDS
        while sum(starts(app).values()) < max(goal, before + 1) and process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
                raise TimeoutError(f"the app has not started {goal} rows")
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
    counts = starts(app)
    return {row: counts[row] for row in finished_rows(journal)}


def _finish(words: list[str]) -> None:
    subprocess.run(words, env=environment(), check=False, timeout=RUN_SECONDS)


def _read_results(output: Path) -> list[dict[str, Any]]:
    lines = (output / "results.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _check_results(output: Path, rows: int) -> list[str]:
    results = _read_results(output)
    problems: list[str] = []
    if [result["row"] for result in results] != list(range(rows)):
        problems.append("the output does not have each row once, in order")
    for result in results:
        if "value" not in result:
            problems.append(f"row {result['row']} has no result: {result['error']}")
        elif row_of_negative((output / result["value"]).read_bytes()) != result["row"]:
            problems.append(f"row {result['row']} has the file of another row")
    files = len(list((output / "files").iterdir()))
    if files != rows:
        problems.append(f"there are {files} files for {rows} rows")
    return problems
