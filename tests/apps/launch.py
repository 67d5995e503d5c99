"""Runs apps as `python app.py …` would, each in a process of its own, forked from this one.

Importing Gradio takes most of the time of a start, and happens here once, for all processes of a
test run. They connect to the socket whose path is the argument. The command ends when they can, and
a fork of it goes on, until its last connection ends.

A byte greets each connection. Each line from it is a JSON object with the `app`, its `args`, its
`env`, its `cwd` and the path of its `log`; the answer is a line with its process id. When the
connection ends, its apps are killed.

The queue of an app waits for changes, unless its `env` has LOOKING_QUEUE: then it looks for them
as it does in Gradio.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
import tempfile
import weakref
from pathlib import Path

import numpy
import pandas.io.formats.style  # noqa: F401 - Gradio 6 imports it when an app needs it
from gradio import Blocks, queueing
from gradio.routes import App

IDLE = 0.5
"""Seconds after which a queue looks for a job although nothing has told it of one."""


PATIENCE = 60
"""Seconds until this ends because nobody has connected."""


class Pause(float):
    """The seconds between two looks of a queue."""


class QueueAsyncio:
    """asyncio as the queues of Gradio see it: a pause lasts until something happens in a queue.

    Gradio looks for a job 20 to 1,000 times a second. The tests keep dozens of apps running, which
    would take a fifth of two processors to do nothing.
    """

    def __init__(self):
        self._changes = 0
        self._seen = weakref.WeakKeyDictionary()
        self._waiting = {}

    def __getattr__(self, name):
        return getattr(asyncio, name)

    def notify(self):
        """End all pauses; any thread may do this."""
        self._changes += 1
        for changed, loop in list(self._waiting.items()):
            loop.call_soon_threadsafe(changed.set)

    async def sleep(self, seconds, *args):
        """Sleep; for a pause, only if something has happened since this task slept last."""
        task = asyncio.current_task()
        changed = asyncio.Event()
        if not isinstance(seconds, Pause):
            return await asyncio.sleep(seconds, *args)
        self._waiting[changed] = asyncio.get_running_loop()
        try:
            if self._seen.get(task) == self._changes:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(changed.wait(), IDLE)
                return None
        finally:
            del self._waiting[changed]
        self._seen[task] = self._changes
        return await asyncio.sleep(seconds)


def notifying(method):
    """Return a method of a queue that tells of a change when it ends."""
    if asyncio.iscoroutinefunction(method):

        async def call(*args, **kwargs):
            try:
                return await method(*args, **kwargs)
            finally:
                queueing.asyncio.notify()
    else:

        def call(*args, **kwargs):
            try:
                return method(*args, **kwargs)
            finally:
                queueing.asyncio.notify()

    return functools.wraps(method)(call)


def wait_for_changes():
    """Let the queues of this process wait for a change instead of looking for one."""
    init = queueing.Queue.__init__

    def patient(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.sleep_when_free = Pause(self.sleep_when_free)
        self.progress_update_sleep_when_free = Pause(self.progress_update_sleep_when_free)

    queueing.asyncio = QueueAsyncio()
    queueing.Queue.__init__ = patient
    for name in ("push", "process_events", "set_progress", "log_message"):
        setattr(queueing.Queue, name, notifying(getattr(queueing.Queue, name)))


def make_routes_once():
    """Let `Blocks` make its hundred routes when it is served, and not each time it changes.

    Gradio keeps the app of the last change for validators, which those of a mounted app use too.
    """
    create_app = App.create_app

    def create_served(blocks, *args, **kwargs):
        blocks.app = create_app(blocks, *args, **kwargs)
        return blocks.app

    def without_routes(method):
        def call(*args, **kwargs):
            App.create_app = lambda *args, **kwargs: None
            try:
                return method(*args, **kwargs)
            finally:
                App.create_app = create_served

        return functools.wraps(method)(call)

    App.create_app = create_served
    Blocks.queue = without_routes(Blocks.queue)
    Blocks.__exit__ = without_routes(Blocks.__exit__)


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
    if "LOOKING_QUEUE" not in os.environ:
        wait_for_changes()
    runpy.run_path(request["app"], run_name="__main__")


class Connection:
    """A process that starts apps."""

    def __init__(self, connected):
        self._socket = connected
        self._socket.sendall(b"!")
        self._lines = connected.makefile("rw")
        self._apps = []

    def fileno(self):
        return self._socket.fileno()

    def read_request(self):
        """Return a request; None at the end of the connection."""
        line = self._lines.readline()
        return json.loads(line) if line else None

    def tell(self, pid):
        """Say which process the app is."""
        self._apps.append(pid)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        with contextlib.suppress(OSError):
            print(pid, file=self._lines, flush=True)

    def close(self):
        self._lines.close()
        self._socket.close()

    def kill_apps(self):
        for pid in self._apps:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.settimeout(PATIENCE)
    if os.fork():
        os._exit(0)
    return listener


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets an app that has ended
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    make_routes_once()
    listener = listen(sys.argv[1])
    gc.freeze()  # the apps need not look for garbage in what is imported
    connections = [Connection(listener.accept()[0])]
    while connections:
        for ready in select.select([listener, *connections], [], [])[0]:
            if ready is listener:
                connections.append(Connection(listener.accept()[0]))
            elif request := ready.read_request():
                pid = os.fork()
                if pid == 0:
                    for each in (listener, *connections):
                        each.close()
                    return become(request)
                ready.tell(pid)
            else:
                ready.kill_apps()
                connections.remove(ready)


main()
