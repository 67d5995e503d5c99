"""Real Gradio apps on free loopback ports, for the tests.

Each Gradio release has a launcher, `apps/launch.py`, whose forks are the apps. The processes of a
test run share it, each by a connection: when one ends, however it ends, the launcher kills its
apps.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts import _environments

APPS = Path(__file__).resolve().parent / "apps"
DATA = APPS / "data"
LAUNCHER = APPS / "launch.py"
REPLICA = APPS.parent.parent / "src" / "spacecall" / "cli" / "_demo_app" / "phi4_replica.py"
GRADIO_6 = "6.31.0"
GRADIO_5 = "5.50.0"
GRADIO_4 = "4.44.1"
GRADIO_3 = "3.50.2"

START_DEADLINE = 90.0
"""Seconds from the start of a server to its first answer."""

_STOP_DEADLINE = 5.0
# Below the range that the kernel hands out to clients: no connection can take the port meanwhile.
_PORTS = range(20_000, 32_000)
_random = random.SystemRandom()
"""Not the random numbers of the process, which Hypothesis makes the same in each."""


def python_of(version: str) -> Path:
    """Return the interpreter of the environment with this Gradio, and make it if need be."""
    return _environments.gradio(version)


@dataclass(eq=False, kw_only=True)
class AppServer:
    """A running app: its address, and ways to make it suffer."""

    url: str
    """`http://127.0.0.1:<port>`, without a slash at the end."""
    version: str
    """The Gradio release that it runs on."""
    folder: Path
    """A folder of this server alone: its log, its temporary files."""
    pid: int
    """The process, and the process group, of the app."""
    _log: str = field(default="", repr=False)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rsplit(":", 1)[1])

    @property
    def temporary(self) -> Path:
        """GRADIO_TEMP_DIR of the app."""
        return self.folder / "gradio"

    def log(self) -> str:
        """Everything that the app has printed so far; readable after its end too."""
        path = self.folder / "log.txt"
        if path.exists():
            self._log = path.read_text(encoding="utf-8", errors="replace")
        return self._log

    def running(self) -> bool:
        """Whether the app's process is alive."""
        return _is_alive(self.pid)

    def kill(self) -> None:
        """End the app at once, as a crash would, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        self._wait()

    def suspend(self) -> None:
        """Freeze the app: its connections stay open and it sends nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended app go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ask the app to end, insist if it does not, and wait until it is gone."""
        self.resume()
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            self._wait()
        self.kill()
        self.log()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the app's process group: the app and what it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _wait(self) -> None:
        deadline = time.monotonic() + _STOP_DEADLINE
        while self.running():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the app on {self.url} is still running")
            time.sleep(0.01)


@contextlib.contextmanager
def serve(
    app: Path | str,
    version: str,
    *,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
) -> Generator[AppServer]:
    """Run an app for the length of a `with`.

    `app` is a path, or a name in `tests/apps`. Its arguments are `--port <port>` and `args`.
    Raises `RuntimeError` with the app's log if it does not answer within `START_DEADLINE`.
    """
    server = start(app, version, env=env, args=args)
    try:
        yield server
    finally:
        server.stop()


def start(
    app: Path | str,
    version: str,
    *,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
) -> AppServer:
    """Start an app and wait until it answers; the caller stops it. See `serve`."""
    python = python_of(version)
    deadline = time.monotonic() + START_DEADLINE
    while True:
        server = _launch(python, APPS / app, version, env or {}, args)
        try:
            _wait_until_it_answers(server, deadline)
        except _PortTakenError:
            server.stop()
        except BaseException:
            server.stop()
            raise
        else:
            return server


def free_port() -> int:
    """A port that nothing listens on, and that no other process of this test run gets."""
    while True:
        port = _random.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            (launchers_folder() / f"port-{port}").touch(exist_ok=False)
            probe.bind(("127.0.0.1", port))
            return port


@functools.cache
def launchers_folder() -> Path:
    """Return a folder for sockets, ports and caches: that of the test run, or of this process."""
    if shared := os.environ.get("SPACECALL_LAUNCHERS"):
        return Path(shared)
    folder = tempfile.mkdtemp(prefix="spacecall-launchers-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


class _PortTakenError(Exception):
    """Another process took the port between its choice and its use."""


class _Launcher:
    """A connection to the launcher of a Gradio release."""

    def __init__(self, python: Path) -> None:
        self._lock = threading.Lock()
        self._socket = _connect(python)
        self._lines = self._socket.makefile("rw", encoding="utf-8")
        atexit.register(self._socket.close)
        atexit.register(self._lines.close)

    def start(self, app: Path, args: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        """Start an app and return its process id."""
        request = {
            "app": str(app),
            "args": args,
            "env": env,
            "cwd": str(Path.cwd()),
            "log": str(log),
        }
        with self._lock:
            self._lines.write(f"{json.dumps(request)}\n")
            self._lines.flush()
            return int(self._lines.readline())


_launcher = functools.cache(_Launcher)


def _connect(python: Path) -> socket.socket:
    """Connect to the launcher of this run, and start it if there is none."""
    release = python.parent.parent.name
    path = launchers_folder() / release
    with path.with_name(f"{release}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return _connect_to(path)
        except OSError:
            path.unlink(missing_ok=True)
            command = [str(python), str(LAUNCHER), str(path)]
            subprocess.run(command, env=_environment(), start_new_session=True, check=True)
            return _connect_to(path)


def _connect_to(path: Path) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX)
    try:
        connected.connect(str(path))
        if not connected.recv(1):  # a launcher that is about to end does not greet
            raise ConnectionError
    except OSError:
        connected.close()
        raise
    return connected


def _launch(
    python: Path, app: Path, version: str, env: Mapping[str, str], args: Sequence[str]
) -> AppServer:
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="spacecall-server-"))
    env = _environment() | {"GRADIO_TEMP_DIR": str(folder / "gradio")} | dict(env)
    pid = _launcher(python).start(app, ["--port", str(port), *args], env, folder / "log.txt")
    return AppServer(url=f"http://127.0.0.1:{port}", version=version, folder=folder, pid=pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _environment() -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return variables | {
        "GRADIO_ANALYTICS_ENABLED": "False",
        # Gradio 5 and 6 sum up all events after each one, for a page that no test reads.
        "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
        "GRADIO_SSR_MODE": "False",
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "127.0.0.1",
    }


def _wait_until_it_answers(server: AppServer, deadline: float) -> None:
    while not _answers(server.url):
        if not server.running():
            if "Cannot find empty port" in server.log():
                raise _PortTakenError
            raise RuntimeError(f"the app ended before it answered:\n{server.log()}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"no answer within {START_DEADLINE:g} s:\n{server.log()}")
        time.sleep(0.1)
    if not server.running():
        raise _PortTakenError


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/config", timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 401
    except OSError:
        return False
