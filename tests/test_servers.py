"""The apps that the tests run against: they start, answer and leave nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests import servers
from tests.servers import AppServer


def _config(server: AppServer) -> dict[str, object]:
    with urllib.request.urlopen(f"{server.url}/config", timeout=10) as response:
        config: dict[str, object] = json.load(response)
        return config


def test_the_protocol_app_runs_on_the_gradio_it_was_asked_for(protocol_app: AppServer) -> None:
    config = _config(protocol_app)
    assert config["version"] == protocol_app.version
    assert config["title"] == "proto"


def test_the_phi4_replica_runs_on_gradio_5(phi4_app: AppServer) -> None:
    assert _config(phi4_app)["title"] == "Phi-4-multimodal (replica)"


def test_the_qvq_replica_runs_on_gradio_5(qvq_app: AppServer) -> None:
    assert _config(qvq_app)["title"] == "QVQ-72B-Preview (replica)"


def test_an_app_behind_a_login_counts_as_started() -> None:
    with servers.serve("protocol_app.py", servers.GRADIO_5, env={"AUTH": "user:pass"}) as server:
        assert server.running()
    assert not server.running()


def test_an_app_that_cannot_start_is_an_error_with_its_log(tmp_path: Path) -> None:
    app = tmp_path / "broken.py"
    app.write_text("raise SystemExit('nothing to serve')")
    with pytest.raises(RuntimeError, match="nothing to serve"):
        servers.start(app, servers.GRADIO_5)


def test_a_killed_server_is_gone_and_its_log_can_still_be_read() -> None:
    with servers.serve("qvq_replica.py", servers.GRADIO_5) as server:
        server.kill()
        assert not server.running()
    assert not server.folder.exists()
    assert isinstance(server.log(), str)


_ABANDON = """
import os
from tests import servers
server = servers.start("qvq_replica.py", servers.GRADIO_5)
server.suspend()
print(server.folder, server.pid, flush=True)
os._exit(1)
"""


def test_a_server_does_not_outlive_the_process_that_started_it() -> None:
    root = servers.APPS.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", _ABANDON],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    folder, pid = done.stdout.split()
    shutil.rmtree(folder)
    deadline = time.monotonic() + 10
    while _alive(int(pid)):
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
