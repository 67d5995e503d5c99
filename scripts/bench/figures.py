"""The figures: how each is taken, and what is to be reached."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from scripts.bench.figures_of_scale import command, corpus, footprint, gateway, opening
from scripts.bench.goals import Figure, Goal, Take, compared, process
from scripts.bench.measuring import Bench, Samples, importing, python, until_result

MB = 10**6


def latency(bench: Bench) -> Figure:
    """One call after another on the real server."""
    runs = {
        name: process(bench, name, "sequential", url=bench.real, calls=60)
        for name in ("ours", "floor", "floor2", "official")
    }
    samples = Samples(runs, bench.rounds(5))
    goals = [
        Goal("≤ 1/6 of gradio_client", samples.ratio("ours", "official", "seconds"), 1 / 6),
        Goal("≤ 1.10 × floor", samples.ratio("ours", "floor", "seconds"), 1.10),
    ]
    title = "one call after another, real server: p50 latency"
    return compared(title, samples, list(runs), "seconds", "ms", goals)


def concurrent(bench: Bench) -> Figure:
    """400 calls at once, on the stub."""
    workers = _most_workers(bench)
    runs = {
        name: process(bench, name, "burst", url=bench.stub, calls=400, slow=True, waves=4)
        for name in ("ours", "floor", "floor2")
    }
    runs["official"] = process(
        bench,
        "official",
        "burst",
        url=bench.stub,
        calls=min(400, workers),
        workers=workers,
        slow=True,
    )
    samples = Samples(runs, bench.rounds(3), few={"official": 1})
    goals = [
        Goal("≤ 1/20 of gradio_client", samples.ratio("ours", "official", "cpu"), 1 / 20),
        Goal("≤ 0.9 × floor", samples.ratio("ours", "floor", "cpu"), 0.9),
    ]
    title = f"400 concurrent calls, wire stub: CPU per call (gradio_client: {workers} at once)"
    return compared(title, samples, list(runs), "cpu", "ms", goals)


def _most_workers(bench: Bench) -> int:
    """Measure how many concurrent jobs gradio_client can run without losing one."""
    for workers in (400, 200, 100):
        sample = bench.client(
            "official", "burst", url=bench.stub, calls=workers, workers=workers, slow=True
        )
        if not sample["lost"]:
            return workers
    return 40


def crowd(bench: Bench) -> Figure:
    """2,000 calls at once, on the stub."""
    burst = {"url": bench.stub, "slow": True}
    runs = {
        "ours": process(bench, "ours", "burst", calls=2000, **burst),
        "floor": process(bench, "floor", "burst", calls=2000, **burst),
        "fewer": process(bench, "ours", "burst", calls=400, waves=4, **burst),
    }
    samples = Samples(runs, bench.rounds(3))
    goals = [
        Goal("≤ 0.75 × floor", samples.ratio("ours", "floor", "cpu"), 0.75),
        Goal("≤ 1.1 × its own at 400", samples.ratio("ours", "fewer", "cpu"), 1.1),
    ]
    title = "2,000 concurrent calls, wire stub: CPU per call"
    return compared(title, samples, ["ours", "floor"], "cpu", "ms", goals)


def throughput(bench: Bench) -> Figure:
    """400 calls at once, on the real server."""
    runs = {
        name: process(bench, name, "burst", url=bench.real, calls=400, slow=False)
        for name in ("ours", "floor")
    }
    runs["official"] = process(
        bench, "official", "burst", url=bench.real, calls=400, workers=40, slow=False
    )
    samples = Samples(runs, bench.rounds(3), few={"official": 1})
    goals = [
        Goal("≥ 4 × gradio_client", samples.ratio("official", "ours", "seconds"), 4, least=True),
        Goal("≥ 0.98 × floor", samples.ratio("floor", "ours", "seconds"), 0.98, least=True),
    ]
    title = "400 concurrent calls, real server: time per call"
    return compared(title, samples, list(runs), "seconds", "ms", goals)


def flight(bench: Bench) -> Figure:
    """10,000 calls in flight."""
    run = process(bench, "ours", "flight", url=bench.stub, calls=10_000)
    samples = Samples({"ours": run}, bench.rounds(2))
    per_call, lost = samples.median("ours", "memory") / 1024, samples.most("ours", "lost")
    goals = [
        Goal("none lost", lost, 0, "lost"),
        Goal("≤ 12 KB of memory each", per_call, 12, "KB"),
    ]
    measured = {"spacecall": f"{per_call:.1f} KB, {lost:.0f} lost"}
    return Figure("10,000 calls in flight, wire stub", measured, goals)


def streaming(bench: Bench) -> Figure:
    """Measure a text that grows 10,000 times."""
    runs = {
        name: process(bench, name, "streaming", url=bench.stub, updates=10_000)
        for name in ("ours", "floor", "floor2", "official")
    }
    runs["fewer"] = process(bench, "ours", "streaming", url=bench.stub, updates=1000)
    samples = Samples(runs, bench.rounds(5))
    goals = [
        Goal("≤ 1.25 × floor", samples.ratio("ours", "floor", "cpu"), 1.25),
        Goal("≤ 1/5 of gradio_client", samples.ratio("ours", "official", "cpu"), 1 / 5),
        Goal("10,000 against 1,000: ≤ 1.2 ×", samples.ratio("ours", "fewer", "cpu"), 1.2),
    ]
    title = "10,000 growing-text updates, wire stub: CPU per update"
    clients = ["ours", "floor", "floor2", "official"]
    return compared(title, samples, clients, "cpu", "µs", goals)


def edits(bench: Bench) -> Figure:
    """Measure a chat of 200 messages, edited 2,000 times."""
    runs = {
        name: process(bench, name, "edits", url=bench.stub, updates=2000)
        for name in ("ours", "official")
    }
    runs["fewer"] = process(bench, "ours", "edits", url=bench.stub, updates=500)
    samples = Samples(runs, bench.rounds(3), few={"official": 1})
    goals = [
        Goal("≤ 1/20 of gradio_client", samples.ratio("ours", "official", "cpu"), 1 / 20),
        Goal("2,000 against 500: ≤ 1.2 ×", samples.ratio("ours", "fewer", "cpu"), 1.2),
    ]
    title = "a 200-message chat edited 2,000 times, wire stub: CPU per edit"
    return compared(title, samples, ["ours", "official"], "cpu", "µs", goals)


def cold(bench: Bench) -> Figure:
    """From the start of a process to its first result."""
    modules = {
        "ours": "cold_dynamic",
        "typed": "cold_typed",
        "floor": "cold_floor",
        "official": "cold_official",
    }
    runs = {name: partial(until_result, module, bench.real) for name, module in modules.items()}
    samples = Samples(runs, bench.rounds(9))
    bench.ask("/log")
    until_result("cold_typed", bench.stub)
    requests: list[str] = bench.ask("/log")
    before = requests[: requests.index("POST /queue/join")]
    goals = [
        Goal(
            "dynamic: ≤ 1/3 of gradio_client", samples.ratio("ours", "official", "seconds"), 1 / 3
        ),
        Goal("dynamic: ≤ 1.25 × floor", samples.ratio("ours", "floor", "seconds"), 1.25),
        Goal("typed: ≤ 1/3 of gradio_client", samples.ratio("typed", "official", "seconds"), 1 / 3),
        Goal(
            "typed: no request before the join beyond /config",
            len([request for request in before if request != "GET /config"]),
            0,
            "requests",
        ),
    ]
    figure = compared(
        "cold process to first result, real server",
        samples,
        ["ours", "floor", "official"],
        "seconds",
        "s",
        goals,
    )
    typed = f"{samples.median('typed', 'seconds'):.3g} s typed"
    figure.measured["spacecall"] += f", {typed}"
    return figure


def imports(bench: Bench) -> Figure:
    """Measure an import."""
    runs = {
        "ours": partial(importing, "import spacecall"),
        "space": partial(importing, "from spacecall import Space"),
        "floor": partial(importing, "import httpx, pydantic, anyio, httpx_sse"),
        "official": partial(importing, "import gradio_client"),
    }
    samples = Samples(runs, bench.rounds(15))
    goals = [
        Goal("≤ 1.25 × its dependencies", samples.ratio("ours", "floor", "cpu"), 1.25),
        Goal("≤ 1/2 of gradio_client", samples.ratio("ours", "official", "cpu"), 1 / 2),
        Goal("with Space: ≤ 1.15 × its dependencies", samples.ratio("space", "floor", "cpu"), 1.15),
    ]
    title = "`import spacecall`: CPU (floor: httpx, pydantic, anyio, httpx_sse)"
    figure = compared(title, samples, ["ours", "floor", "official"], "cpu", "ms", goals)
    figure.measured["spacecall"] += f", {samples.median('space', 'cpu') * 1e3:.3g} ms with Space"
    return figure


def upload(bench: Bench) -> Figure:
    """200 MB up."""
    path = bench.folder / "large.bin"
    with path.open("wb") as file:
        file.truncate(200 * MB)
    return _transfer(bench, "upload", {"path": str(path)}, 1.10)


def download(bench: Bench) -> Figure:
    """200 MB down."""
    path = bench.folder / "received.bin"
    return _transfer(bench, "download", {"size": 200 * MB, "path": str(path)}, 1.0)


def _transfer(bench: Bench, way: str, arguments: dict[str, Any], limit: float) -> Figure:
    runs = {
        name: process(bench, name, way, url=bench.stub, **arguments) for name in ("ours", "floor")
    }
    samples = Samples(runs, bench.rounds(7))
    goals = [
        Goal(f"≤ {limit:.2f} × raw httpx", samples.best("ours", "seconds", "floor"), limit),
        Goal("≤ 20 MB above idle", samples.most("ours", "memory") / MB, 20, "MB"),
    ]
    return compared(
        f"{way} of 200 MB, wire stub", samples, ["ours", "floor"], "seconds", "s", goals
    )


def sync(bench: Bench) -> Figure:
    """Compare a sync call with an async one."""
    run = process(
        bench, "ours", "sync_over_async", url=bench.stub, calls=200, rounds=bench.rounds(5)
    )
    extra = run()["seconds"] * 1e6
    goals = [Goal("≤ 150 µs more", extra, 150, "µs")]
    return Figure("sync call over async call, wire stub", {"spacecall": f"{extra:.0f} µs"}, goals)


def typed(bench: Bench) -> Figure:
    """Compare a typed call with a dynamic one."""
    rounds = bench.rounds(9)
    run = process(bench, "ours", "typed_over_dynamic", url=bench.stub, calls=200, rounds=rounds)
    ratio = run()["ratio"]
    goals = [Goal("≤ 1.05 × CPU", ratio, 1.05)]
    return Figure("typed call over dynamic call, wire stub", {"spacecall": f"{ratio:.3f} ×"}, goals)


def codegen(bench: Bench) -> Figure:
    """Measure the generation of a client for an app of 100 endpoints."""

    def run() -> dict[str, float]:
        with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
            began = time.perf_counter()
            python("-m", "spacecall", "add", bench.large, "--name", "large", cwd=Path(folder))
            return {"seconds": time.perf_counter() - began}

    samples = Samples({"ours": run}, bench.rounds(3))
    seconds = samples.median("ours", "seconds")
    goals = [Goal("≤ 3 s", seconds, 3, "s")]
    return Figure("codegen of a 100-endpoint app", {"spacecall": f"{seconds:.2f} s"}, goals)


def uvloop(bench: Bench) -> Figure:
    """400 calls at once on another event loop; there is no goal."""
    burst = {"url": bench.stub, "calls": 400, "slow": True, "waves": 4}
    runs = {
        "ours": process(bench, "ours", "burst", uvloop=True, **burst),
        "asyncio": process(bench, "ours", "burst", **burst),
    }
    samples = Samples(runs, bench.rounds(3))
    cpu = samples.median("ours", "cpu") * 1e3
    part = samples.ratio("ours", "asyncio", "cpu")
    text = f"{cpu:.3g} ms, {part:.2f} × asyncio's own loop"
    return Figure("the same on uvloop", {"spacecall": text}, [])


FIGURES: dict[str, Take] = {
    figure.__name__: figure
    for figure in (
        *(latency, concurrent, uvloop, crowd, throughput, flight, streaming, gateway, edits),
        *(
            opening,
            footprint,
            cold,
            command,
            imports,
            upload,
            download,
            sync,
            typed,
            codegen,
            corpus,
        ),
    )
}
