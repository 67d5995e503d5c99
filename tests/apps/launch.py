"""Runs apps as `python app.py …` would, each in a process of its own, forked from this one.

Importing Gradio takes most of the time of a start, and happens here once. Each line of stdin is a
JSON object with the `app`, its `args`, its `env`, its `cwd` and the path of its `log`; the answer
is a line with its process id. When stdin ends, all apps are killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import runpy
import signal
import sys
import tempfile
from pathlib import Path

import numpy
from gradio import queueing

PAUSE = 0.02
"""Seconds between two questions of the queue; 0.05 in Gradio 5. QUEUE_PAUSE=0 leaves the app its
own: Gradio 6 asks a thousand times a second whether there is a job, which costs an idle app a
twentieth of a processor, and the tests keep dozens of apps running."""

_init = queueing.Queue.__init__


def _patient(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    pause = float(os.environ.get("QUEUE_PAUSE", PAUSE))
    self.sleep_when_free = max(self.sleep_when_free, pause)
    self.progress_update_sleep_when_free = max(self.progress_update_sleep_when_free, pause)


queueing.Queue.__init__ = _patient


def become(request):
    """Turn this process, a fork, into that of the app."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    tempfile.tempdir = None  # TMPDIR is read again
    random.seed()
    numpy.random.seed()
    sys.argv = [request["app"], *request["args"]]
    sys.path[0] = str(Path(request["app"]).resolve().parent)
    runpy.run_path(request["app"], run_name="__main__")


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets an app that has ended
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    apps = []
    while line := sys.stdin.readline():
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            return become(request)
        apps.append(pid)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        print(pid, flush=True)
    for pid in apps:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


main()
