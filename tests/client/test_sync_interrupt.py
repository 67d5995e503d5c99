"""Ctrl-C while a thread waits: the job is cancelled on the server, and nothing is left running."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.client.test_sync import wait_for
from tests.client.tools import unique
from tests.servers import AppServer

_WAIT = """
import sys, threading
from spacecall import SyncSpace

url, seconds, usage = sys.argv[1], float(sys.argv[2]), sys.argv[3]
interrupted = False
try:
    with SyncSpace(url) as space:
        call = space.call("/slow_async", seconds=seconds)
        if usage == "result":
            call.result()
        else:
            with call as job:
                for event in job:
                    pass
except KeyboardInterrupt:
    interrupted = True
print(interrupted, threading.active_count())
"""


@pytest.mark.parametrize("usage", ["result", "events"])
def test_an_interrupt_cancels_the_job_on_the_server(protocol_app: AppServer, usage: str) -> None:
    seconds = unique(30)
    program = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _WAIT, protocol_app.url, str(seconds), usage],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(protocol_app, f"slow_async start {seconds}")
        program.send_signal(signal.SIGINT)
        out, errors = program.communicate(timeout=10)
    finally:
        program.kill()
    assert (out.split(), errors) == (["True", "1"], "")
    wait_for(protocol_app, f"slow_async cancelled {seconds}")
