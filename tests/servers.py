"""Real Gradio apps on free loopback ports, for the tests.

Each Gradio release has a launcher, `apps/launch.py`, whose forks are the apps. It reads requests
from a pipe: when the process that started it ends, however it ends, the launcher kills its apps.
"""

from __future__ import annotations

import atexit
import contextlib
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
    """A port that nothing listens on."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class _PortTakenError(Exception):
    """Another process took the port between its choice and its use."""


class _Launcher:
    """The launcher of a Gradio release."""

    def __init__(self, python: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [str(python), "-u", str(LAUNCHER)],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        atexit.register(self._process.communicate)  # closes its stdin, and waits for its end

    def start(self, app: Path, args: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        """Start an app and return its process id."""
        request = {
            "app": str(app),
            "args": args,
            "env": env,
            "cwd": str(Path.cwd()),
            "log": str(log),
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock:
            stdin.write(f"{json.dumps(request)}\n")
            stdin.flush()
            return int(stdout.readline())


_launcher = functools.cache(_Launcher)


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
