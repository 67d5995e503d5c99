"""The figures of many streams, large apps, open sessions, and of the command."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from typing import Any

from scripts.bench.goals import Figure, Goal, compared, process
from scripts.bench.measuring import ROOT, Bench, Sample, Samples, environment, python
from spacecall import Limits

KB, MB = 1024, 10**6


def gateway(bench: Bench) -> Figure:
    """Measure 200 streams at once, each with 50 updates a second."""
    work: dict[str, Any] = {"url": bench.stub, "streams": 200, "updates": 150}
    runs = {
        "ours": process(bench, "ours", "gateway", **work),
        "floor": process(bench, "floor", "gateway", **work, connections=Limits().max_streams),
        "one": process(bench, "floor", "gateway", **work, connections=1),
    }
    samples = Samples(runs, bench.rounds(3))
    added = samples.difference("ours", "floor", "p99") * 1e3
    goals = [
        Goal("≤ 1.25 × floor", samples.ratio("ours", "floor", "cpu"), 1.25),
        Goal("p99 of an update's latency: ≤ 2 ms more", added, 2, "ms"),
    ]
    title = "200 streams of 50 updates a second each, 16 connections, wire stub: CPU per update"
    figure = compared(title, samples, ["ours", "floor"], "cpu", "µs", goals)
    for name, client in (("ours", "spacecall"), ("floor", "floor")):
        figure.measured[client] += f", p99 {samples.median(name, 'p99') * 1e3:.3g} ms"
    one = samples.median("one", "cpu") * 1e6
    figure.measured["floor"] += f" ({one:.3g} µs over one connection)"
    return figure


def opening(bench: Bench) -> Figure:
    """Open a Space of 1,000 endpoints."""
    runs = {
        name: process(bench, name, "opening", url=bench.huge, rounds=3)
        for name in ("ours", "floor")
    }
    samples = Samples(runs, bench.rounds(3))
    goals = [Goal("≤ 1.2 × floor", samples.ratio("ours", "floor", "cpu"), 1.2)]
    title = "opening a Space of 1,000 endpoints: CPU (floor: httpx and `json.loads`)"
    return compared(title, samples, ["ours", "floor"], "cpu", "ms", goals)


def footprint(bench: Bench) -> Figure:
    """Measure the memory of open Spaces and sessions."""
    sessions = 200 if bench.quick else 1000
    runs = {
        "spaces": process(bench, "ours", "open_spaces", url=bench.stub, spaces=20),
        "sessions": process(bench, "ours", "open_sessions", url=bench.stub, sessions=sessions),
    }
    samples = Samples(runs, 1)
    space = samples.median("spaces", "space") / KB
    session, closed = (samples.median("sessions", name) / KB for name in ("session", "closed"))
    goals = [
        Goal("an idle Space: ≤ 2,000 KB", space, 2000, "KB"),
        Goal("an open session, with its heartbeat: ≤ 64 KB", session, 64, "KB"),
        Goal("each of 1,000 closed sessions: ≤ 0.5 KB", closed, 0.5, "KB"),
    ]
    measured = f"{space:.0f} KB a Space, {session:.1f} KB a session, {closed:.2f} KB a closed one"
    return Figure("memory of open Spaces and sessions", {"spacecall": measured}, goals)


def corpus(bench: Bench) -> Figure:
    """Measure the generation of the clients of all saved apps, by a process that is warm."""
    module = "scripts.bench.clients.corpus"
    samples = Samples({"ours": lambda: _numbers(python("-m", module))}, bench.rounds(3))
    apps, seconds = (samples.median("ours", name) for name in ("apps", "seconds"))
    goals = [Goal("≤ 1 s", seconds, 1, "s")]
    title = f"generation of the clients of {apps:.0f} saved apps, warm: CPU"
    return Figure(title, {"spacecall": f"{seconds:.2f} s"}, goals)


def _numbers(text: str) -> Sample:
    apps, seconds = map(float, text.split())
    return {"apps": apps, "seconds": seconds}


def command(bench: Bench) -> Figure:
    """Measure the command: a call of an app, and what needs no app."""
    echo = ("call", bench.real, "/echo", "--text", "hi")
    runs = {
        "ours": partial(_command, *echo),
        "floor": partial(_timed, "-m", "scripts.bench.clients.cold_floor", bench.real),
        "version": partial(_command, "--version"),
        "help": partial(_command, "--help"),
    }
    samples = Samples(runs, bench.rounds(7))
    goals = [
        Goal("`call`: ≤ 1.5 × floor", samples.ratio("ours", "floor", "seconds"), 1.5),
        Goal("`--version`: ≤ 0.12 s", samples.best_of("version", "cpu"), 0.12, "s"),
        Goal("`--help`: ≤ 0.12 s", samples.best_of("help", "cpu"), 0.12, "s"),
    ]
    title = "`spacecall call`, the complete process, real server"
    return compared(title, samples, ["ours", "floor"], "seconds", "s", goals)


def _command(*arguments: str) -> Sample:
    return _timed("-m", "spacecall", *arguments)


def _timed(*arguments: str) -> Sample:
    """Return the seconds of a complete process, and its processor time."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True,"
        " stdout=subprocess.DEVNULL); used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        " print(used.ru_utime + used.ru_stime)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, sys.executable, *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return {"seconds": time.perf_counter() - began, "cpu": float(done.stdout)}
