"""Replaying: recorded exchanges answer requests instead of the network."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

import anyio.lowlevel

from spacecall._core.fingerprint import wire_shape
from spacecall._core.json_values import as_dict
from spacecall._io.interceptor import (
    NETWORK_ERRORS,
    Forward,
    InterceptedRequest,
    InterceptedResponse,
    NetworkError,
)
from spacecall.cassettes._engine.candidates import Candidates, Entry
from spacecall.cassettes._engine.hidden_arguments import HiddenArguments
from spacecall.cassettes._engine.recorder import IN_MEMORY, Recorder
from spacecall.cassettes._engine.request_key import RequestKey, app_hosts, make_request_key
from spacecall.cassettes._engine.stream_replayer import ReplayClock, Scheduler, StreamReplayer
from spacecall.cassettes._format.bodies import RequestBodyRecorder, StoredBody
from spacecall.cassettes._format.exchange import COMPLETE, Exchange, get_header
from spacecall.cassettes._format.job_recordings import (
    find_fed_event_id,
    is_cancel,
    is_cleanup,
    is_join,
    is_stream,
    read_event_id,
    read_job_recordings,
    read_session_hash,
)
from spacecall.cassettes._format.scrubber import Scrubber
from spacecall.cassettes.errors import CassetteMissError, StaleCassetteWarning

# Headers that are wrong for a body that was decoded and stored.
_TRANSFER = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})


class BodySource(Protocol):
    """Reads recorded bodies."""

    def stream(self, body: StoredBody) -> AsyncIterator[bytes]:
        """Yield the bytes of a body in chunks."""
        ...


class Player:
    """Answers requests from recorded exchanges, with each exchange once unless it may be repeated.

    Args:
        exchanges: of one recording, in order.
        bodies: reads their bodies.
        clock: how fast they are replayed.
        scheduler: in which order the jobs of a session are replayed.
        matches: whether a request matches a recorded one, called if their keys are equal.
        scrubber: removes secrets from a request before it is compared.
        recorder: records requests that are not in the recording; None refuses them.
        path: of the cassette, for errors.
        hide_secrets: removes the secret arguments of a call, for errors.
        allow_repeats: whether an exchange answers again when all that match have been replayed.
        used_by_others: the positions of the exchanges that answered other tests, which share the
            recording: they answer last.
        test: that makes the requests, if other tests share the recording; else empty. What it has
            recorded answers first.
    """

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        bodies: BodySource,
        clock: ReplayClock,
        scheduler: Scheduler,
        matches: Callable[[Exchange, Exchange], bool],
        scrubber: Scrubber,
        recorder: Recorder | None = None,
        *,
        path: Path,
        hide_secrets: Callable[[Exchange], Exchange],
        allow_repeats: bool = False,
        used_by_others: Collection[int] = (),
        test: str = "",
    ) -> None:
        self._used_by_others = used_by_others
        self._is_shared = bool(test)
        self._bodies = bodies
        self._clock = clock
        self._scheduler = scheduler
        self._matches = matches
        self._scrubber = scrubber
        self._recorder = recorder
        self._path = path
        self._hide_secrets = hide_secrets
        self._allow_repeats = allow_repeats
        self._hosts = app_hosts(exchange.url for exchange in exchanges if exchange.status == 200)
        self._entries = [
            Entry(exchange, _session_hash(exchange), position)
            for position, exchange in enumerate(exchanges)
            if not is_stream(exchange.method, exchange.url) and not _is_late_input(exchange)
        ]
        self._entries.sort(key=lambda entry: entry.position in used_by_others)
        own: dict[RequestKey, list[Entry]] = defaultdict(list)
        others: dict[RequestKey, list[Entry]] = defaultdict(list)
        for entry in self._entries:
            # Older cassettes may have values of fields that are removed today.
            request = scrubber.scrub_request(entry.exchange)
            entries_by_key = own if entry.exchange.test == test else others
            entries_by_key[_request_key(request, self._hosts)].append(entry)
        self._candidates = [
            {key: Candidates(entries) for key, entries in entries_by_key.items()}
            for entries_by_key in (own, others)
        ]
        self._hidden_arguments = HiddenArguments(entry.exchange for entry in self._entries)
        self._jobs = read_job_recordings(exchanges)
        self._collected = {job.session: job for job in self._jobs.values() if job.fn_index is None}
        self._streams: dict[str, StreamReplayer] = {}
        self._recorded_sessions: dict[str, str] = {}
        self._taken_sessions: set[str] = set()
        self.misses: list[CassetteMissError] = []

    @property
    def unused_requests(self) -> list[str]:
        """Method and path of each recorded request that was not made, not by other tests either.

        Requests that only end jobs do not count.
        """
        return [
            _describe(entry.exchange)
            for entry in self._entries
            if not entry.used
            and entry.position not in self._used_by_others
            and not is_cleanup(entry.exchange)
        ]

    @property
    def used_positions(self) -> frozenset[int]:
        """The positions of the recorded requests that were made."""
        return frozenset(entry.position for entry in self._entries if entry.used)

    @property
    def recording(self) -> str:
        """The path of the cassette."""
        return str(self._path)

    def reports_drift(self, endpoint: str, pinned: str, live: str) -> bool:
        """Return True: it is the recording that is old, not the client.

        Warns:
            StaleCassetteWarning: requests or responses of the endpoint have another shape now.
        """
        recorded_shape, client_shape = wire_shape(live), wire_shape(pinned)
        if recorded_shape != client_shape:
            warnings.warn(
                f"{self._path}: {endpoint} was recorded as {recorded_shape}, and the client was "
                f"generated for {client_shape}: record the cassette again, or refresh the client",
                StaleCassetteWarning,
                stacklevel=4,
            )
        return True

    async def answer(self, request: InterceptedRequest, forward: Forward) -> InterceptedResponse:
        """Return the recorded response; or the network's, if it may be recorded.

        A HEAD request is answered with 405: clients send it to follow an upload, it is not
        recorded, and the recorded server received every upload completely.

        A request that only ends jobs succeeds if it is not recorded: when a client gives up calls
        because of an error, it depends on time which jobs have not ended yet.

        Raises:
            CassetteMissError: the request is not recorded, and may not be.
            NetworkError: the recorded request failed.
        """
        if request.method == "HEAD":
            return InterceptedResponse(405, (), _EmptyBody())
        exchange = Exchange(request.method, request.url, request.headers)
        if is_stream(exchange.method, exchange.url):
            stream = self._stream(read_session_hash(request.url, None))
            if self._recorder is not None:
                stream.open_live = partial(self._recorder.answer, request, forward)
            return InterceptedResponse(200, (("content-type", "text/event-stream"),), stream)
        with SpooledTemporaryFile[bytes](IN_MEMORY) as copy:
            exchange.request_body = await _read_body(request, copy)
            await anyio.lowlevel.checkpoint()
            self._scrubber.add_secrets(request.url, request.secrets.values)
            exchange = self._scrubber.scrub_exchange(exchange, request.secrets.headers)
            entry = self._find(exchange)
            if entry is None:
                if self._recorder is None:
                    if is_cleanup(exchange):
                        return await self._replay(exchange, _make_cleanup_exchange(exchange))
                    if self._comes_after_the_end(exchange):
                        return InterceptedResponse(404, (), _EmptyBody())
                    raise self._add_miss(exchange)
                copy.seek(0)
                self._note_live_join(exchange)
                live_request = replace(request, body=_read_chunks(copy))
                return await self._recorder.answer(live_request, forward)
        entry.uses += 1
        return await self._replay(exchange, self._repeat(entry))

    def _comes_after_the_end(self, exchange: Exchange) -> bool:
        """Return whether a request sends an input to a job that the app ended at its time limit.

        In the recording the client saw the end first, and joined again.
        """
        event_id = find_fed_event_id(exchange.method, exchange.url)
        job = self._jobs.get(event_id) if event_id else None
        return job is not None and job.end_reason is None and job.cancelled_at is None

    def _repeat(self, entry: Entry) -> Exchange:
        """Return the exchange of an entry; of a join that is repeated, with an event id of its own.

        Two jobs of a session cannot have the same event id.
        """
        recorded = entry.exchange
        event_id = read_event_id(recorded)
        if entry.uses == 1 or event_id not in self._jobs:
            return recorded
        new_id = f"{event_id}-{entry.uses}"
        self._jobs[new_id] = self._jobs[event_id].with_event_id(new_id)
        return replace(recorded, body={"json": {**recorded.body["json"], "event_id": new_id}})

    async def _replay(self, exchange: Exchange, recorded: Exchange) -> InterceptedResponse:
        """Return the recorded response after its recorded time.

        Raises:
            NetworkError: the recorded request failed.
        """
        responded_at = recorded.answered_at or recorded.ended_at
        await self._clock.sleep(responded_at - recorded.started_at)
        if recorded.status == 0:
            failed = recorded.end_reason in NETWORK_ERRORS
            raise NetworkError(recorded.end_reason if failed else "ReadTimeout")
        self._update_stream(exchange, recorded)
        headers = tuple((name, value) for name, value in recorded.headers if name not in _TRANSFER)
        body = _ReplayedBody(recorded, self._bodies, self._clock)
        return InterceptedResponse(recorded.status, headers, body)

    def _find(self, exchange: Exchange) -> Entry | None:
        """Return the recorded exchange that answers, of the same session if possible."""
        session = _session_hash(exchange)
        repeats = is_cancel(exchange.method, exchange.url)
        if repeats and self._stream(session).has_live_jobs:
            return None
        for candidates_by_key in filter(None, self._candidates):
            for variant in self._hidden_arguments.variants(exchange):
                for hosts in (_host(exchange) | self._hosts, self._hosts):
                    candidates = candidates_by_key.get(_request_key(variant, hosts))
                    if candidates:
                        entry = self._choose(variant, session, candidates, repeats=repeats)
                        if entry:
                            return entry
        return None

    def _choose(
        self, exchange: Exchange, session: str, candidates: Candidates, *, repeats: bool
    ) -> Entry | None:
        def matches(entry: Entry) -> bool:
            return self._matches(exchange, entry.exchange)

        bound_session = self._recorded_sessions.get(session)
        if session:
            entry = candidates.find(matches, bound_session, self._taken_sessions, repeats=repeats)
        else:
            entry = candidates.find_first(matches, repeats=repeats)
        if entry is None and self._allow_repeats:
            entry = candidates.find_used(matches, bound_session)
        if not session:
            return entry
        if entry and bound_session is None and entry.session not in self._taken_sessions:
            self._recorded_sessions[session] = entry.session
            self._taken_sessions.add(entry.session)
        return entry

    def _add_miss(self, exchange: Exchange) -> CassetteMissError:
        exchange = self._hide_secrets(exchange)
        key = _request_key(exchange, _host(exchange) | self._hosts)
        nearest: tuple[Entry, list[str]] | None = None
        best_rank = (True, True, True, 0)
        own, others = self._candidates
        for recorded_key, candidates in chain(own.items(), others.items()):
            differences = key.differences(recorded_key)
            rank = (
                recorded_key.path != key.path,
                bool(differences),
                all(entry.used for entry in candidates.entries),
                len(differences),
            )
            if nearest is None or rank < best_rank:
                best_rank, nearest = rank, (candidates.entries[0], differences)
        miss = _make_miss(_describe(exchange), nearest, self._path, is_shared=self._is_shared)
        self.misses.append(miss)
        return miss

    def _update_stream(self, exchange: Exchange, recorded: Exchange) -> None:
        """Apply a join or a cancel to the stream of its session."""
        if is_join(exchange.method, exchange.url):
            event_id = read_event_id(recorded)
            if event_id in self._jobs:
                self._stream(_session_hash(exchange)).join(self._jobs[event_id])
        elif fed_event_id := find_fed_event_id(exchange.method, exchange.url):
            self._stream(_session_hash(exchange)).feed(fed_event_id)
        elif is_cancel(exchange.method, exchange.url):
            fn_index = as_dict(exchange.request_body.get("json")).get("fn_index")
            stream = self._stream(_session_hash(exchange))
            stream.cancel(fn_index if isinstance(fn_index, int) else None)

    def _note_live_join(self, exchange: Exchange) -> None:
        if is_join(exchange.method, exchange.url):
            self._stream(_session_hash(exchange)).join_live()

    def _stream(self, session: str) -> StreamReplayer:
        if session not in self._streams:
            self._streams[session] = stream = StreamReplayer(
                self._clock, self._scheduler, self._path
            )
            if session in self._collected:
                stream.join(self._collected[session])
        return self._streams[session]


class _EmptyBody:
    """The body of a response without content."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        return
        yield b""

    async def aclose(self) -> None:
        """Do nothing: no resource is open."""


class _ReplayedBody:
    """The body of a recorded response."""

    def __init__(self, recorded: Exchange, bodies: BodySource, clock: ReplayClock) -> None:
        self._recorded = recorded
        self._bodies = bodies
        self._clock = clock
        self._start = clock.now()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        recorded = self._recorded
        if recorded.events is None:
            async for chunk in self._bodies.stream(recorded.body):
                yield chunk
        for seconds, event in recorded.events or ():
            await self._clock.sleep_until(self._start, seconds - recorded.answered_at)
            await anyio.lowlevel.checkpoint()
            yield event.encode()
        if recorded.end_reason in NETWORK_ERRORS:
            raise NetworkError(recorded.end_reason)

    async def aclose(self) -> None:
        """Do nothing: no resource is open."""


def _make_miss(
    request: str, nearest: tuple[Entry, list[str]] | None, path: Path, *, is_shared: bool
) -> CassetteMissError:
    """Return the error for a request that is not in the cassette at `path`.

    Args:
        request: method and path.
        nearest: the nearest recorded request and the differences from it; None if there is none.
        path: of the cassette.
        is_shared: whether other tests share it.
    """
    if nearest is None:
        lines = ["the cassette does not exist or has no requests"]
        advice = "record it with the app: pytest --spacecall-record=once, or mode='once'"
    else:
        lines = nearest[1] or [
            "the cassette has this request, but it has been replayed already "
            "(allow_playback_repeats=True repeats it)"
        ]
        whole = "=rewrite with all tests that share it" if is_shared else "=rewrite"
        advice = (
            f"record it with the app: pytest --spacecall-record=new_episodes, or {whole} for the "
            "whole cassette (use_cassette: mode)"
        )
    details = "\n".join(f"  {line}" for line in lines)
    near = f"; nearest: {_describe(nearest[0].exchange)}" if nearest else ""
    return CassetteMissError(
        f"not in the cassette {path}: {request}{near}\n{details}\n{advice}",
        request=request,
        differences=lines,
    )


def _make_cleanup_exchange(request: Exchange) -> Exchange:
    """Return a request that only ends jobs, with the response that apps always give."""
    return replace(
        request,
        status=200,
        headers=(("content-type", "application/json"),),
        body={"json": {"success": True}},
        end_reason=COMPLETE,
    )


async def _read_body(request: InterceptedRequest, copy: IO[bytes]) -> StoredBody:
    """Return the stored form of a request's body, and copy its bytes to `copy`."""
    body = RequestBodyRecorder(get_header(request.headers, "content-type"))
    async for chunk in request.body:
        copy.write(chunk)
        body.feed(chunk)
    return body.to_stored()


async def _read_chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := file.read(2**16):
        yield chunk


def _request_key(exchange: Exchange, hosts: frozenset[str]) -> RequestKey:
    return make_request_key(exchange.method, exchange.url, exchange.request_body, hosts)


def _host(exchange: Exchange) -> frozenset[str]:
    return frozenset({urlsplit(exchange.url).netloc.lower()})


def _is_late_input(exchange: Exchange) -> bool:
    """Return whether an exchange sent an input to a job that had just ended."""
    return exchange.status == 404 and bool(find_fed_event_id(exchange.method, exchange.url))


def _session_hash(exchange: Exchange) -> str:
    body: Any = exchange.request_body.get("json")
    return read_session_hash(exchange.url, body)


def _describe(exchange: Exchange) -> str:
    return f"{exchange.method} {urlsplit(exchange.url).path}"
