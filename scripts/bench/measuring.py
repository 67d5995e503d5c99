"""Servers, client processes, and what is made of their numbers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent
_PATIENCE = 600
# The queues of the tests' apps wait for changes instead of looking for them.
_AS_IN_GRADIO = {"LOOKING_QUEUE": "1"}

Sample: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class Bench:
    """What the figures are taken on.

    Attributes:
        real: the address of the protocol app on Gradio 6.31.
        stub: the address of the wire stub that stands for it.
        large: the address of a stub with 100 endpoints.
        huge: the address of a stub with 1,000 endpoints.
        folder: for files that come and go.
        quick: whether once or twice is enough.
    """

    real: str
    stub: str
    large: str
    huge: str
    folder: Path
    quick: bool

    def rounds(self, count: int) -> int:
        """How often to repeat, where `wanted` would be right."""
        return min(count, 2) if self.quick else count

    def client(self, name: str, workload: str, **arguments: Any) -> Sample:
        """Return what a client process measured of itself."""
        library = {"FLOOR": "httpx2"} if name == "floor2" else {}
        module = f"scripts.bench.clients.{name.rstrip('2')}"
        text = python("-m", module, workload, json.dumps(arguments), variables=library)
        sample: Sample = json.loads(text)
        return sample

    def ask(self, path: str) -> Any:
        """Return the response of the stub."""
        return json.loads(_get(f"{self.stub}{path}"))


Run: TypeAlias = Callable[[], Sample]


class Samples:
    """What several clients measured in turns."""

    def __init__(self, runs: Mapping[str, Run], rounds: int, few: Mapping[str, int] = {}) -> None:
        """`few` says which clients run in the first rounds only, since they take so long."""
        self._taken: dict[str, list[Sample]] = {name: [] for name in runs}
        for count in range(rounds):
            for name, run in runs.items():
                if count < few.get(name, rounds):
                    self._taken[name].append(run())

    def median(self, name: str, number: str) -> float:
        """Return the median of one client."""
        return statistics.median(sample[number] for sample in self._taken[name])

    def best_of(self, name: str, number: str) -> float:
        """Return the least of one client."""
        return min(sample[number] for sample in self._taken[name])

    def difference(self, name: str, reference: str, number: str) -> float:
        """Return how much more one client has than the other: the median over the rounds."""
        pairs = zip(self._taken[name], self._taken[reference], strict=False)
        return statistics.median(sample[number] - baseline[number] for sample, baseline in pairs)

    def best(self, name: str, number: str, reference: str) -> float:
        """One client's least by the other's: for seconds, which only ever grow when disturbed."""
        least = {
            client: min(sample[number] for sample in self._taken[client])
            for client in (name, reference)
        }
        return least[name] / least[reference]

    def most(self, name: str, number: str) -> float:
        """Return the largest value of one client."""
        return max(sample[number] for sample in self._taken[name])

    def ratio(self, name: str, reference: str, number: str) -> float:
        """One client by the other: the median over the rounds, since the machine is not alone."""
        pairs = zip(self._taken[name], self._taken[reference], strict=False)
        return statistics.median(sample[number] / baseline[number] for sample, baseline in pairs)


def python(
    *arguments: str,
    cwd: Path = ROOT,
    variables: Mapping[str, str] = {},
    timeout: float = _PATIENCE,
) -> str:
    """Return what a Python of this environment prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**environment(), **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)[:200]} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def environment() -> dict[str, str]:
    """As a user has it: with bytecode caches, without proxies on the way to this machine."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    return {**environment, "NO_PROXY": "127.0.0.1", "HF_HUB_OFFLINE": "1"}


def until_result(module: str, url: str) -> Sample:
    """Seconds from the start of a process until it had its first result."""
    began = time.monotonic()
    return {"seconds": float(python("-m", f"scripts.bench.clients.{module}", url)) - began}


def importing(statement: str) -> Sample:
    """Processor seconds that a statement takes in a new interpreter."""
    code = f"import time; a = time.process_time(); {statement}; print(time.process_time() - a)"
    return {"cpu": float(python("-c", code))}


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body


@contextmanager
def opened(*, quick: bool) -> Generator[Bench]:
    """Run the servers for as long as they are needed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spacecall-bench-")))
        server = stack.enter_context(
            servers.serve("protocol_app.py", servers.GRADIO_6, env=_AS_IN_GRADIO)
        )
        for name, path in (("config", "/config"), ("info", "/gradio_api/info")):
            (folder / f"{name}.json").write_bytes(_get(f"{server.url}{path}"))
        stub = stack.enter_context(_stub(str(folder)))
        large, huge = (stack.enter_context(_stub(str(folder), size)) for size in ("100", "1000"))
        yield Bench(server.url, stub, large, huge, folder, quick)


@contextmanager
def _stub(*arguments: str) -> Generator[str]:
    command: Sequence[str] = [sys.executable, "-m", "scripts.bench.stub", *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()
