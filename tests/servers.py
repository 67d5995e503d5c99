"""Real Gradio apps on free loopback ports, for the tests.

Every server is started under a small supervisor (this file, run as a script) that holds the
reading end of a pipe: when the process that started it goes away, however it goes, the supervisor
takes the server with it.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

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
    from scripts import _environments  # not importable where this file runs as a script

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
    process: subprocess.Popen[bytes]
    """The supervisor: it lives as long as the app."""
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
        return self.process.poll() is None

    def kill(self) -> None:
        """End the app at once, as a crash would, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        self.process.wait(_STOP_DEADLINE)

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
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_STOP_DEADLINE)
        if self.process.stdin is not None:
            self.process.stdin.close()  # what still runs is killed by the supervisor
        self.process.wait(_STOP_DEADLINE)
        self.log()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the app's process group: the app and what it has started."""
        with contextlib.suppress(ProcessLookupError, FileNotFoundError, ValueError):
            group = int((self.folder / "pid").read_text())
            if self.running():
                os.killpg(group, number)


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


def _launch(
    python: Path, app: Path, version: str, env: Mapping[str, str], args: Sequence[str]
) -> AppServer:
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="spacecall-server-"))
    command = [str(python), "-u", str(LAUNCHER), str(app), "--port", str(port), *args]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, str(folder / "pid"), *command],
            env=_environment(folder) | dict(env),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    return AppServer(url=url, version=version, folder=folder, process=process)


def _environment(folder: Path) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return variables | {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SSR_MODE": "False",
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
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


def _supervise(pid_file: Path, command: Sequence[str]) -> int:
    """Run a command until it ends, or until stdin does: then it is killed with all it started."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    pid_file.write_text(str(process.pid))

    def watch() -> None:
        os.read(0, 1)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(_supervise(Path(sys.argv[1]), sys.argv[2:]))
