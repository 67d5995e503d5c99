"""Maps on a small Ray, run by its own environment; prints what came of them as JSON.

The arguments are the addresses of the stand-in and of the app of the examples, and a folder.
"""

from __future__ import annotations

import gzip
import json
import os
import runpy
import sys
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

from spacecall import AppError, Space
from spacecall.batch.ray import map_space
from spacecall.cli import main

os.environ.update(RAY_DISABLE_IMPORT_WARNING="1", RAY_USAGE_STATS_ENABLED="0")


def map_rows(data: Any, app: str, folder: Path) -> dict[str, Any]:
    """Call for each row of a dataset."""
    rows = [{"key": key, "text": f"row {key}"} for key in range(40)]
    rows[7]["text"] = "fail"
    ds = map_space(
        data.from_items(rows), app, "/echo", concurrency=(1, 2), per_actor=4, max_calls=6, rate=20
    )
    outcomes = ds.take_all()
    return {
        "columns": dict(zip(ds.schema().names, map(str, ds.schema().types), strict=True)),
        "outcomes": sorted(outcomes, key=lambda outcome: outcome["key"]),
    }


def map_files(data: Any, app: str, folder: Path) -> list[Any]:
    """Send files, and save those of the results; raise errors."""
    images = data.from_items([{"image": b"one"}, {"image": b"two"}])
    ds = map_space(
        images,
        partial(Space, app),
        "/file",
        columns={"file": "image"},
        concurrency=1,
        files_to=f"file://{folder}/saved",
        on_error="raise",
    )
    values = [row["value"] for row in ds.take_all()]
    texts = data.from_items([{"text": "fail"}])
    try:
        map_space(texts, app, "/echo", concurrency=1, on_error="raise").take_all()
    except AppError as error:
        return [*values, type(error).__name__]
    except Exception as error:  # noqa: BLE001 - Ray wraps errors
        return [*values, str(error)]
    return values


def run_batches(app: str, folder: Path) -> list[Any]:
    """Run a batch in parts and again; return the exit codes. The summaries are on stdout."""
    path = folder / "rows.jsonl.gz"
    texts = [f"line {number}" for number in range(30)]
    lines = [json.dumps({"text": text}) for text in [*texts, "fail"]]
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in [*lines, "{"]).encode()))
    arguments = ["map", app, "/echo", "--engine", "ray", "--input", str(path), "--json"]
    arguments += ["--output", str(folder / "out"), "--concurrency", "4", "--header", "X-Key: 1"]
    runs = [["--limit", "20"], [], [], ["--retry-failed"]]
    return [run_command([*arguments, *options]) for options in runs]


def run_example(workshop: str) -> str:
    """Run the example of the documentation; return what it prints."""
    path = Path(__file__).parents[2] / "docs" / "examples" / "ray" / "map_dataset.py"
    printed = StringIO()
    with redirect_stdout(printed):
        runpy.run_path(str(path))["main"](workshop)
    return printed.getvalue()


def run_command(arguments: list[str]) -> object:
    """Run `spacecall` in this process, which has a Ray; return the exit code."""
    try:
        main(arguments)
    except SystemExit as error:
        return error.code
    return 0


def run_all(app: str, workshop: str, folder: Path) -> None:
    """Start Ray, and run all."""
    ray, data = import_module("ray"), import_module("ray.data")
    data.DataContext.get_current().enable_progress_bars = False
    ray.init(
        "local",
        num_cpus=2,
        object_store_memory=120_000_000,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    try:
        report = {
            "rows": map_rows(data, app, folder),
            "files": map_files(data, app, folder),
            "batches": run_batches(app, folder),
            "example": run_example(workshop),
        }
    finally:
        ray.shutdown()
    (folder / "report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    run_all(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
