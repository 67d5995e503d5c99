"""Spaces, sessions and jobs without async, on one event loop in a background thread.

Every `SyncSpace` of the process shares that loop. Its thread starts with the first one that is
opened and ends with the last one that is closed. Spaces, sessions and calls may be used from many
threads at once; a KeyboardInterrupt cancels what the interrupted thread was waiting for, on the
server too. A process that ends closes what is open; it is never kept from ending. A process that
was forked opens Spaces of its own: those of its parent raise RuntimeError there.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, Never, Self, TypeVar, Unpack

import anyio

from spacecall._client.calls.call import Call, await_within, mark_handled
from spacecall._client.calls.caller import Caller
from spacecall._client.calls.feed import Feed
from spacecall._client.calls.job import Job
from spacecall._client.calls.row_engine import RowEngine
from spacecall._client.calls.row_sources import RowOptions
from spacecall._client.calls.sync_row_calls import SyncRowCalls
from spacecall._client.concurrency.portal import Portal, SyncOpenable, hold_open, wait
from spacecall._client.concurrency.sync_files import SyncFiles
from spacecall._client.space import Session, Space, SpaceView
from spacecall._io._http import HttpClient
from spacecall._io.tls import ClientCertificate, Verify
from spacecall._option_checks import checked_call
from spacecall.component_updates import Updated
from spacecall.endpoints import Endpoint
from spacecall.events import Event, Status, TextDelta
from spacecall.hooks import Hooks
from spacecall.options import Auth, CallOptions, Limits, OnNewer, Retry, Timeouts
from spacecall.rows import Concurrency, OnQuota
from spacecall.tickets import Ticket

__all__ = [
    "SyncCall",
    "SyncCaller",
    "SyncFeed",
    "SyncJob",
    "SyncRowCalls",
    "SyncSession",
    "SyncSpace",
    "SyncSpaceView",
]

I = TypeVar("I")  # noqa: E741 - an input
R = TypeVar("R", bound=Mapping[str, Any])
T = TypeVar("T")
U = TypeVar("U")


class SyncJob(Iterator[Event[T]], Generic[T]):
    """A started call; see `Job`."""

    def __init__(self, portal: Portal, job: Job[T]) -> None:
        self._portal = portal
        self._job = job

    @property
    def event_id(self) -> str | None:
        """The server's id of the job, once it has one."""
        return self._job.event_id

    @property
    def call_id(self) -> str:
        """The id of the call in log records, hooks and errors."""
        return self._job.call_id

    @property
    def done(self) -> bool:
        """Whether there is a result or an error."""
        return self._job.done

    @property
    def status(self) -> Status:
        """What is known of the job now; see `Job.status`."""
        return self._job.status

    @property
    def conflated(self) -> int:
        """The number of outputs that newer ones replaced before you read them."""
        return self._job.conflated

    @property
    def outputs(self) -> Iterator[T]:
        """Partial results as they arrive, the result last."""
        return self._each(self._job.outputs)

    @property
    def text(self) -> Iterator[TextDelta]:
        """The added pieces of a text output."""
        return self._each(self._job.text)

    def __next__(self) -> Event[T]:
        """Return the next event; `Completed` is the last. Errors: see `Job`."""
        return next(self._each(self._job))

    def result(self, timeout: float | None = None) -> T:
        """Wait for the job's result. Errors: see `Job.result`.

        Args:
            timeout: seconds to wait; None for no limit but the `Timeouts` of the call.

        Raises:
            TimeoutError: the job has not ended after `timeout` seconds. It goes on.
        """

        async def result() -> T:
            with anyio.move_on_after(timeout):
                return await self._job.result()
            raise TimeoutError(f"the job has not ended after {timeout:g} s: it goes on")

        return wait(self._portal, result)

    def cancel(self) -> None:
        """Cancel the job, here and on the server."""
        wait(self._portal, self._job.cancel)

    def _each(self, values: AsyncIterator[U]) -> Iterator[U]:
        return iterate(self._portal, values)


class _End:
    """The type of the value after the last one."""


_END = _End()


def iterate(portal: Portal, values: AsyncIterator[U]) -> Iterator[U]:
    """Iterate over async values, without async. Not public."""

    async def following() -> U | _End:
        return await anext(values, _END)

    while not isinstance(value := wait(portal, following), _End):
        yield value


class SyncCall(Generic[T]):
    """A call that has not been started yet, for one use; see `Call`."""

    def __init__(self, portal: Portal, call: Call[T]) -> None:
        self._portal = portal
        self._call = call
        mark_handled(call, "write call.result(), `with call as job` or call.detach()")

    def with_options(self, **options: Unpack[CallOptions]) -> SyncCall[T]:
        """Return the same call with other options."""
        return SyncCall(self._portal, self._call.with_options(**options))

    def map(self, transform: Callable[[T], U]) -> SyncCall[U]:
        """Return the same call, with `transform` applied to its outputs and its result."""
        return SyncCall(self._portal, self._call.map(transform))

    def with_updates(self) -> SyncCall[Updated[T]]:
        """Return the same call, with what it changes of components; see `Call.with_updates`."""
        return SyncCall(self._portal, self._call.with_updates())

    def result(self, timeout: float | None = None) -> T:
        """Make the call and wait for its result. Errors: see `Call`.

        Args:
            timeout: seconds for the whole call; None for no limit but its `Timeouts`.

        Raises:
            DeadlineError: the call has not ended after `timeout` seconds. It is cancelled, here and
                on the server.
        """
        mark_handled(self._call)
        return wait(self._portal, lambda: await_within(self._call, timeout))

    def submit(self) -> Future[T]:
        """Make the call and return a future of its result at once.

        `concurrent.futures.wait` and `as_completed` take such futures. `cancel` cancels the call,
        here and on the server. Closing the Space or the session ends its futures with a
        `JobCancelledError`. Callbacks run in the thread of the event loop: they may submit further
        calls, and must not wait for anything.

        Raises:
            RuntimeError: the Space is closed.
        """
        mark_handled(self._call)
        return self._portal.submit(lambda: await_within(self._call, None))

    def __enter__(self) -> SyncJob[T]:
        """Start the call; iterate over the job for its events. Leaving early cancels it."""
        mark_handled(self._call)
        return SyncJob(self._portal, wait(self._portal, self._call.__aenter__))

    def __repr__(self) -> str:
        return f"<Sync{repr(self._call)[1:]}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._portal.closed:
            wait(self._portal, lambda: self._call.__aexit__(kind, error, trace))
        else:
            self._call._report_end(error)  # pyright: ignore[reportPrivateUsage]

    def detach(self) -> Ticket:
        """Leave the job on the server; see `Call.detach`."""
        mark_handled(self._call)
        return wait(self._portal, self._call.detach)


class SyncFeed(Generic[I, T]):
    """A stream of inputs to one function, and of its values; see `Feed`.

    `send` and `outputs` may be used in two threads at once, or in one: after each input, its value.
    """

    def __init__(self, portal: Portal, feed: Feed[I, T]) -> None:
        self._portal = portal
        self._feed = feed

    def __enter__(self) -> Self:
        wait(self._portal, self._feed.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._portal.closed:
            wait(self._portal, lambda: self._feed.__aexit__(kind, error, trace))

    def send(self, value: I, /, **arguments: Any) -> None:
        """Send the next input, after the value of the last one has arrived; see `Feed.send`."""
        wait(self._portal, lambda: self._feed.send(value, **arguments))

    @property
    def outputs(self) -> Iterator[T]:
        """The results, one after each input, as they come; see `Feed.outputs`."""
        return iterate(self._portal, self._feed.outputs)

    @property
    def conflated(self) -> int:
        """The number of values that newer ones replaced before you read them."""
        return self._feed.conflated

    def finish(self) -> None:
        """Send no further input, and wait for the last value; see `Feed.finish`."""
        wait(self._portal, self._feed.finish)

    def __repr__(self) -> str:
        return f"<Sync{repr(self._feed)[1:]}"


class SyncCaller(SyncFiles):
    """Makes calls. Get one from `SyncSpace`, `SyncSpace.session` or `with_options`."""

    def __init__(self, portal: Portal | None, caller: Caller) -> None:
        self._held_portal = portal
        self._caller = caller

    @property
    def _portal(self) -> Portal:
        if self._held_portal is None:
            raise RuntimeError("open the Space first: with SyncSpace(…) as space")
        self._held_portal.check_open()
        return self._held_portal

    @property
    def url(self) -> str:
        """The app's address."""
        return self._caller.url

    @property
    def app_id(self) -> str | None:
        """The id of this run of the app; see `Space.app_id`."""
        return self._caller.app_id

    @property
    def gradio_version(self) -> tuple[int, ...]:
        """The app's Gradio version, `(6, 31, 0)`; empty if unknown."""
        return self._caller.gradio_version

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """The app's endpoints, by name."""
        return self._caller.endpoints

    @property
    def config(self) -> dict[str, Any]:
        """The app's /config, as a new copy; see `Space.config`."""
        return self._caller.config

    @property
    def info(self) -> dict[str, Any]:
        """The app's /info, as a new copy; see `Space.info`."""
        return self._caller.info

    def describe(self, *, all_endpoints: bool = False) -> Mapping[str, Endpoint]:
        """Return `endpoints`, fetched first if necessary; see `Space.describe`."""
        return wait(self._portal, lambda: self._caller.describe(all_endpoints=all_endpoints))

    def call(self, endpoint: str, /, *positional: Never, **arguments: Any) -> SyncCall[Any]:
        """Call `endpoint` by name; see `Space.call`."""
        return wrap_call(self, lambda caller: caller.call(endpoint, *positional, **arguments))

    def call_raw(self, function: str | int, values: Sequence[Any] = (), /) -> SyncCall[Any]:
        """Call a function with values by position; see `Space.call_raw`."""
        return wrap_call(self, lambda caller: caller.call_raw(function, values))

    def call_component(
        self, component: str | int, function: str, value: Any = None, /
    ) -> SyncCall[Any]:
        """Call a server function of a component; see `Space.call_component`."""
        return wrap_call(self, lambda caller: caller.call_component(component, function, value))

    def stream(self, endpoint: str, /, *positional: Never, **arguments: Any) -> SyncFeed[Any, Any]:
        """Open a stream of inputs to an endpoint; see `Space.stream`."""
        return wrap_feed(self, lambda caller: caller.stream(endpoint, *positional, **arguments))

    def sequence(self, endpoint: str, steps: Callable[[Caller], Awaitable[Call[T]]]) -> SyncCall[T]:
        """Make one call of several; see `Space.sequence`. `steps` runs in the event loop."""
        return wrap_call(self, lambda caller: caller.sequence(endpoint, steps))

    def with_options(self, **options: Unpack[CallOptions]) -> SyncCaller:
        """Return a view with other options for its calls."""
        return SyncCaller(self._portal, self._caller.with_options(**options))


def wrap_call(caller: SyncCaller, make: Callable[[Caller], Call[T]]) -> SyncCall[T]:
    """Return the call that `make` makes of the async caller, without async. Not public."""
    return SyncCall(caller._portal, make(caller._caller))  # pyright: ignore[reportPrivateUsage]


def wrap_feed(caller: SyncCaller, make: Callable[[Caller], Feed[I, T]]) -> SyncFeed[I, T]:
    """Return the feed that `make` makes of the async caller, without async. Not public."""
    portal = caller._portal  # pyright: ignore[reportPrivateUsage]
    make_feed = lambda: make(caller._caller)  # noqa: E731  # pyright: ignore[reportPrivateUsage]
    return SyncFeed(portal, portal.call(make_feed))


def unwrap_call(call: SyncCall[T]) -> Call[T]:
    """Return the async call of a call, which is made instead. Not public."""
    mark_handled(call._call)  # pyright: ignore[reportPrivateUsage]
    return call._call  # pyright: ignore[reportPrivateUsage]


def wrap_rows(
    caller: SyncCaller, make: Callable[[Caller], RowEngine[R, T]], rows: Iterable[R]
) -> SyncRowCalls[R, T]:
    """Return the map that `make` makes of the async caller, without async. Not public."""
    portal = caller._portal  # pyright: ignore[reportPrivateUsage]
    make_engine = lambda: make(caller._caller)  # noqa: E731  # pyright: ignore[reportPrivateUsage]
    return SyncRowCalls(portal, portal.call(make_engine), rows)


class SyncSession(SyncCaller):
    """A session of a Space; see `Session`."""

    def __init__(self, portal: Portal, session: Session) -> None:
        super().__init__(portal, session)
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the jobs that still run, here and on the server. Closing twice does nothing."""
        if self._held_portal is not None and not self._held_portal.closed:
            wait(self._held_portal, self._session.aclose)

    def deep_link(self) -> str:
        """Return an address that opens the app's page with the values of this session."""
        return wait(self._portal, self._session.deep_link)

    @property
    def session_hash(self) -> str:
        """Names the session on the server."""
        return self._session.session_hash

    @property
    def cookies(self) -> dict[str, str]:
        """The session's cookies, without those of a login."""
        return self._session.cookies


class SyncSpaceView(SyncCaller):
    """A Space with other options for its calls and sessions; see `SpaceView`."""

    def __init__(self, portal: Portal | None, view: SpaceView) -> None:
        super().__init__(portal, view)
        self._view = view

    def session(
        self, *, session_hash: str | None = None, cookies: Mapping[str, str] | None = None
    ) -> SyncSession:
        """Return a session: `with space.session() as chat`; see `Space.session`."""
        session = self._portal.call(
            lambda: self._view.session(session_hash=session_hash, cookies=cookies)
        )
        return SyncSession(self._portal, session)

    def collect(self, ticket: Ticket) -> SyncCall[Any]:
        """Return the call of a detached job; see `Space.collect`."""
        portal = self._portal
        return portal.call(lambda: SyncCall(portal, self._view.collect(ticket)))

    @checked_call
    def map(
        self,
        endpoint: str,
        rows: Iterable[R],
        *,
        concurrency: Concurrency = "auto",
        ordered: bool = False,
        rate: float | None = None,
        on_quota: OnQuota = "wait",
    ) -> SyncRowCalls[R, Any]:
        """Call an endpoint for each row: `for outcome in space.map(…)`; see `Space.map`."""
        options = RowOptions(concurrency=concurrency, ordered=ordered, rate=rate, on_quota=on_quota)
        view = self._view
        return wrap_rows(self, lambda _: view._row_engine(endpoint, options), rows)  # pyright: ignore[reportPrivateUsage]

    def with_options(self, **options: Unpack[CallOptions]) -> SyncSpaceView:
        """Return a view of the Space with other options for its calls; see `CallOptions`."""
        return SyncSpaceView(self._portal, self._view.with_options(**options))


class SyncSpace(SyncSpaceView, SyncOpenable):
    """A Gradio app, for `with SyncSpace("owner/name") as space`; see `Space` for the arguments.

    Without a block, `space = SyncSpace("owner/name").open()` lasts until `space.close()`, in
    whatever thread.
    """

    @checked_call
    def __init__(
        self,
        source: str,
        *,
        auth: Auth | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        http_client: HttpClient | None = None,
        verify: Verify = True,
        cert: ClientCertificate | None = None,
        hooks: Hooks | None = None,
        describe: bool = True,
        on_newer: OnNewer = "warn",
    ) -> None:
        self._space = Space(
            source,
            auth=auth,
            timeouts=timeouts,
            retry=retry,
            limits=limits,
            headers=headers,
            proxy=proxy,
            http_client=http_client,
            verify=verify,
            cert=cert,
            hooks=hooks,
            describe=describe,
            on_newer=on_newer,
        )
        super().__init__(None, self._space)
        self._cancel = (timeouts or Timeouts()).cancel

    def _hold_open(self) -> Portal:
        portal, _ = hold_open(self._space, repr(self._space), cancel=self._cancel)
        return portal

    def __repr__(self) -> str:
        return repr(self._space)
