"""A process always ends, whatever SyncSpaces it leaves open; and `close` works from anywhere."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from spacecall import JobCancelledError, SyncSpace, chat, images
from spacecall._client.concurrency.portal import hold_open
from spacecall._client.space import Space
from spacecall.chat import SyncChatModel
from spacecall.hub import SyncHub
from spacecall.inference import SyncHuggingFaceInference
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from spacecall.typed import SyncTypedClient
from tests.client.test_lifetime import DEADLINE, run, start_and_stay
from tests.hostile.server import HostileServer, Request
from tests.servers import AppServer


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


PROGRAM = """
import sys, threading, time
from contextlib import ExitStack
from spacecall import SyncSpace

url, scenario = sys.argv[1:]

def entered():
    global space
    space = SyncSpace(url).__enter__()
    assert space.call("/predict", x="hi").result() == "ok"

def opened():
    global space
    space = SyncSpace(url).open()
    assert space.call("/predict", x="hi").result() == "ok"

def attribute():
    class Service:
        def __init__(self):
            self.stack = ExitStack()
            self.space = self.stack.enter_context(SyncSpace(url))
    global service
    service = Service()
    assert service.space.call("/predict", x="hi").result() == "ok"

def dropped():
    assert list(SyncSpace(url).__enter__().endpoints) == ["/predict"]

def values():
    with SyncSpace(url) as space:
        while True:
            yield space.call("/predict", x="hi").result()

def generator_kept():
    global kept
    kept = values()
    assert next(kept) == "ok"

def generator_dropped():
    assert next(values()) == "ok"

def generator_in_a_cycle():
    cycle = [values()]
    cycle.append(cycle)
    assert next(cycle[0]) == "ok"

def daemon_inside():
    inside = threading.Event()
    def work():
        with SyncSpace(url) as space:
            space.call("/predict", x="hi").result()
            inside.set()
            time.sleep(3600)
    threading.Thread(target=work, daemon=True).start()
    inside.wait()

def daemon_calls():
    called = threading.Event()
    def work():
        with SyncSpace(url) as space:
            while True:
                space.call("/predict", x="hi").result()
                called.set()
    threading.Thread(target=work, daemon=True).start()
    called.wait()

def daemon_waits():
    begun = threading.Event()
    def work():
        with SyncSpace(url) as space, space.call("/predict", x="hi") as job:
            next(job)
            begun.set()
            job.result()
    threading.Thread(target=work, daemon=True).start()
    begun.wait()

def system_exit():
    with SyncSpace(url) as space:
        raise SystemExit(3)

def a_file_was_sent():
    global space
    space = SyncSpace(url).open()
    with open("file.txt", "wb") as file:
        file.write(b"x")
    from spacecall import File
    portal = space._portal
    assert portal.wait(File("file.txt").read) == b"x"  # a worker thread of the loop is idle now

def clients():
    global kept
    from spacecall import chat, images
    from spacecall.hub import SyncHub
    from spacecall.inference import SyncHuggingFaceInference
    from spacecall.typed import SyncTypedClient
    kept = [
        SyncTypedClient.connect(url).open(), SyncHub(endpoint=url).open(),
        SyncHuggingFaceInference.connect(url).open(),
        images.connect_sync("flux", source=url).open(),
        chat.connect_sync("phi-4", source=url).open(),
    ]

def a_thread_goes_on():
    global space
    space = SyncSpace(url).open()
    def work():
        threading.main_thread().join()
        for _ in range(3):
            assert space.call("/predict", x="hi").result() == "ok"
        with SyncSpace(url.replace("127.0.0.1", "localhost")) as another:
            assert another.call("/predict", x="hi").result() == "ok"
        print("the thread has ended")
    threading.Thread(target=work).start()

def used_at_exit():
    import atexit
    def late():
        try:
            space.call("/predict", x="hi").result()
        except RuntimeError:
            print("refused")
        space.close()
    atexit.register(late)  # before ours, so that it runs after
    global space
    space = SyncSpace(url).open()

def many_threads_drop_and_close():
    import gc
    gc.set_threshold(50, 2, 2)  # finalisers run all the time, in all threads, the loop's among them

    def cycle(value):
        values = [value]
        values.append(values)

    def work():
        for _ in range(3):
            with SyncSpace(url) as space:
                assert space.call("/predict", x="hi").result() == "ok"
            stream = values()
            next(stream)
            cycle(stream)
            del stream
            cycle(SyncSpace(url).open())
            view = SyncSpace(url).open().with_options()
            assert view.call("/predict", x="hi").result() == "ok"
            cycle(view)
            del view
            space = SyncSpace(url).open()
            closer = threading.Thread(target=space.close)
            closer.start()
            space.close()
            closer.join()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == "spacecall":
            thread.join(30)
            assert not thread.is_alive()

globals()[scenario]()
print("the end of main", flush=True)
"""

FINE = [
    *("entered", "opened", "attribute", "dropped", "generator_kept", "generator_dropped"),
    *("generator_in_a_cycle", "daemon_inside", "daemon_calls", "a_file_was_sent", "clients"),
    "many_threads_drop_and_close",
]


@pytest.mark.parametrize("scenario", FINE)
def test_a_process_ends_whatever_it_leaves_open(
    server: HostileServer, scenario: str, tmp_path: Any
) -> None:
    done = run(["-c", PROGRAM, server.url, scenario], cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "the end of main\n", "")


def test_what_was_left_open_is_named_in_one_warning(server: HostileServer) -> None:
    done = run(["-W", "always::ResourceWarning", "-c", PROGRAM, server.url, "opened"])
    lines = [line for line in done.stderr.splitlines() if "Warning" in line]
    assert len(lines) == 1, done.stderr
    assert f"ResourceWarning: <Space {server.url}> was not closed" in lines[0]


def test_a_job_that_a_daemon_thread_waits_for_is_cancelled_on_the_server(
    server: HostileServer,
) -> None:
    start_and_stay(server)
    done = run(["-c", PROGRAM, server.url, "daemon_waits"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "the end of main\n", "")
    assert "/gradio_api/cancel" in server.paths()


def test_a_server_that_does_not_answer_keeps_no_process(server: HostileServer) -> None:
    def stay(request: Request, connection: Any) -> None:
        connection.recv(1)

    start_and_stay(server)
    server.routes["/gradio_api/cancel"] = stay
    done = run(["-c", PROGRAM, server.url, "daemon_waits"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "the end of main\n", "")


def test_an_exit_inside_the_block_has_its_own_status(server: HostileServer) -> None:
    done = run(["-c", PROGRAM, server.url, "system_exit"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")


def test_a_thread_that_is_no_daemon_goes_on_after_the_main_thread(server: HostileServer) -> None:
    done = run(["-c", PROGRAM, server.url, "a_thread_goes_on"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the end of main\nthe thread has ended\n"


def test_what_is_called_after_the_end_is_refused(server: HostileServer) -> None:
    done = run(["-c", PROGRAM, server.url, "used_at_exit"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "the end of main\nrefused\n", "")


INTERRUPTED = """
import sys, threading
from spacecall import SyncSpace
space = SyncSpace(sys.argv[1]).open()
begun = threading.Event()
def work():
    with space.call("/predict", x="hi") as job:
        next(job)
        begun.set()
        job.result()
threading.Thread(target=work, daemon=True).start()
begun.wait()
print("ready", flush=True)
threading.Event().wait()
"""


def test_one_interrupt_ends_a_process(server: HostileServer) -> None:
    start_and_stay(server)
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, server.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=DEADLINE)
    finally:
        program.kill()
    assert program.returncode == -signal.SIGINT
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert "/gradio_api/cancel" in server.paths()


def test_a_space_is_opened_and_closed_without_a_block(server: HostileServer) -> None:
    before = set(threading.enumerate())
    space = SyncSpace(server.url)
    space.close()
    assert space.open() is space
    assert space.call("/predict", x="hi").result() == "ok"
    with pytest.raises(RuntimeError, match="open already"):
        space.open()
    view, session, call = space.with_options(), space.session(), space.call("/predict", x="hi")
    for _ in range(2):
        space.close()
    assert {thread for thread in threading.enumerate() if thread.name == "spacecall"} <= before
    for late in (space.describe, view.describe, call.result, space.session):
        with pytest.raises(RuntimeError, match="is closed: open it again"):
            late()
    session.close()
    with space:
        assert space.call("/predict", x="hi").result() == "ok"


CONNECTORS: dict[str, Callable[[str], Any]] = {
    "typed client": SyncTypedClient.connect,
    "image model": lambda url: images.connect_sync("flux-dev", source=url),
    "chat model": lambda url: chat.connect_sync("phi-4", source=url),
    "a facade's twin": lambda url: SyncChatModel.connect(Phi4Multimodal.connect(url)),
    "inference": SyncHuggingFaceInference.connect,
    "the Hub": lambda url: SyncHub(endpoint=url),
}


@pytest.mark.parametrize("name", CONNECTORS)
def test_what_connects_is_opened_and_closed_without_a_block(
    server: HostileServer, name: str
) -> None:
    client = CONNECTORS[name](server.url).open()
    for _ in range(2):
        client.close()
    with CONNECTORS[name](server.url) as client:
        assert client is not None
    assert "spacecall" not in {thread.name for thread in threading.enumerate()}


def test_another_thread_may_close_a_space_while_calls_wait(server: HostileServer) -> None:
    start_and_stay(server)
    space = SyncSpace(server.url).open()
    with space.call("/predict", x="hi") as job:
        next(job)
        thread = threading.Thread(target=space.close)
        thread.start()
        with pytest.raises((JobCancelledError, RuntimeError), match="closed"):
            job.result()
        thread.join(DEADLINE)
        assert not thread.is_alive()


def test_a_session_and_a_call_can_be_left_after_the_space_was_closed(
    server: HostileServer,
) -> None:
    start_and_stay(server)
    space = SyncSpace(server.url).open()
    with space.session() as session, session.call("/predict", x="hi") as job:
        next(job)
        space.close()


def test_a_client_keeps_its_space_open(server: HostileServer) -> None:
    view = SyncSpace(server.url).open().with_options()
    gc.collect()
    assert view.call("/predict", x="hi").result() == "ok"
    view._held_portal.close()  # type: ignore[union-attr]


def test_a_finaliser_in_the_thread_of_the_loop_waits_for_nothing(server: HostileServer) -> None:
    def values() -> Iterator[Any]:
        with SyncSpace(server.url) as space:
            while True:
                yield space.call("/predict", x="hi").result()

    stream = values()
    assert next(stream) == "ok"
    holder = [stream]
    del stream
    with SyncSpace(server.url) as space:
        assert space._portal.call(holder.clear) is None
        assert space.call("/predict", x="hi").result() == "ok"


def test_waiting_in_the_thread_of_the_loop_is_an_error(server: HostileServer) -> None:
    with SyncSpace(server.url) as space:
        for use in (space.describe, lambda: SyncSpace(server.url).open()):
            with pytest.raises(RuntimeError, match="event loop's own thread"):
                space._portal.call(use)


def test_closing_waits_no_longer_than_its_bound(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spacecall._client.concurrency import portal as portal_module

    monkeypatch.setattr(portal_module, "SLACK_SECONDS", 0.1)
    start_and_stay(server)
    server.routes["/gradio_api/cancel"] = lambda _, connection: connection.recv(1) and None
    portal, space = hold_open(Space(server.url), "slow", cancel=0.0)
    job = portal.wait(space.call("/predict", x="hi").__aenter__)
    portal.wait(job.__anext__)
    with pytest.warns(ResourceWarning, match="slow is still closing"):
        portal.close()
    monkeypatch.undo()
    portal.close()


async def test_a_space_can_be_used_where_an_event_loop_runs(server: HostileServer) -> None:
    with SyncSpace(server.url) as space:
        assert space.call("/predict", x="hi").result() == "ok"


def test_a_lent_client_serves_sync_spaces_while_one_is_open_and_then_says_why_not(
    protocol_app_6: AppServer,
) -> None:
    client = httpx.AsyncClient()

    def call() -> object:
        with SyncSpace(protocol_app_6.url, http_client=client) as space:
            return space.call("/echo", text="x").result()

    with SyncSpace(protocol_app_6.url):
        assert [call() for _ in range(3)] == ["x"] * 3
        with SyncSpace(protocol_app_6.url, http_client=client):
            pass  # its connection stays; that of a stream is closed when its end is unread
    with pytest.raises(RuntimeError, match="http_client has connections of an event loop that has"):
        call()


def test_a_lent_client_of_an_ended_loop_says_so_with_async_too(protocol_app_6: AppServer) -> None:
    client = httpx.AsyncClient()

    async def open_space() -> None:
        async with Space(protocol_app_6.url, http_client=client):
            pass

    asyncio.run(open_space())
    with pytest.raises(RuntimeError, match="use one client for each event loop"):
        asyncio.run(open_space())
