"""Replaying: a recording answers in the network's place."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Container, Sequence
from dataclasses import dataclass, replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

import anyio.lowlevel

from spacecall._core.loose import mapping
from spacecall._io.intercept import FAILURES, Forward, NetworkError, Received, Sent
from spacecall.cassettes._engine.recorder import IN_MEMORY, Recorder
from spacecall.cassettes._engine.request_key import Meaning, app_hosts, meaning
from spacecall.cassettes._engine.stream_replayer import Clock, Pick, Stage
from spacecall.cassettes._format.bodies import RequestBody, Stored
from spacecall.cassettes._format.exchange import Exchange, header
from spacecall.cassettes._format.job_recordings import (
    event_id_of,
    is_cancel,
    is_join,
    is_stream,
    read_reels,
    session_of,
)
from spacecall.cassettes._format.scrubber import Scrubber
from spacecall.cassettes.errors import CassetteMissError

# What a body that was read and written again has no longer.
_TRANSFER = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})


class Contents(Protocol):
    """Where the bytes of recorded bodies are."""

    def chunks(self, stored: Stored) -> AsyncIterator[bytes]:
        """The bytes of a body."""
        ...


@dataclass(slots=True, eq=False)
class _Entry:
    """A recorded exchange that can be asked for."""

    exchange: Exchange
    session: str
    used: bool = False


class _Choices:
    """Recorded exchanges that mean the same, in order."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self.entries = entries
        self._sessions: dict[str, deque[_Entry]] = defaultdict(deque)
        for entry in entries:
            self._sessions[entry.session].append(entry)
        self._unused = deque(entries)
        self._free = deque(entries)

    def first(self, fits: Callable[[_Entry], bool], *, repeats: bool) -> _Entry | None:
        """The first that fits; `repeats`: whether those that are used are found too."""
        return _first(self._unused, lambda entry: entry.used and not repeats, fits)

    def find(
        self,
        fits: Callable[[_Entry], bool],
        bound: str | None,
        taken: Container[str],
        *,
        repeats: bool,
    ) -> _Entry | None:
        """The same, of the session `bound`, else of one that is not taken, else of all."""

        def over(entry: _Entry) -> bool:
            return entry.used and not repeats

        def off(entry: _Entry) -> bool:
            return over(entry) or entry.session in taken

        own = None if bound is None else self._sessions.get(bound)
        return (
            (None if own is None else _first(own, over, fits))
            or _first(self._free, off, fits)
            or self.first(fits, repeats=repeats)
        )


def _first(
    entries: deque[_Entry], gone: Callable[[_Entry], bool], fits: Callable[[_Entry], bool]
) -> _Entry | None:
    """The first that is not gone and fits; what is gone stays gone, and leaves the front."""
    while entries and gone(entries[0]):
        entries.popleft()
    return next((entry for entry in entries if not gone(entry) and fits(entry)), None)


class Player:
    """Answers requests from recorded exchanges, each once.

    Args:
        exchanges: of one recording, in order.
        contents: where their bodies are.
        clock: how time passes.
        pick: in which order the jobs of a session are told.
        same: whether a request means what a recorded one does, asked where the built-in
            comparison says so.
        clean: takes out of a request what no cassette has.
        called_by: is told by which schema a typed client calls an endpoint.
        recorder: where requests go that are not recorded; None to refuse them.
    """

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        contents: Contents,
        clock: Clock,
        pick: Pick,
        same: Callable[[Exchange, Exchange], bool],
        scrubber: Scrubber,
        called_by: Callable[[str, str], None],
        recorder: Recorder | None = None,
    ) -> None:
        self._contents = contents
        self._clock = clock
        self._pick = pick
        self._same = same
        self._scrubber = scrubber
        self.called_by = called_by
        self._recorder = recorder
        self._hosts = app_hosts(one.url for one in exchanges if one.status == 200)
        self._entries = [
            _Entry(one, _session(one)) for one in exchanges if not is_stream(one.method, one.url)
        ]
        by_meaning: dict[Meaning, list[_Entry]] = defaultdict(list)
        for entry in self._entries:
            by_meaning[self._meaning(entry.exchange, self._hosts)].append(entry)
        self._by_meaning = {meant: _Choices(entries) for meant, entries in by_meaning.items()}
        self._reels = read_reels(exchanges)
        self._collected = {
            reel.session: reel for reel in self._reels.values() if reel.fn_index is None
        }
        self._stages: dict[str, Stage] = {}
        self._bound: dict[str, str] = {}
        self._taken: set[str] = set()
        self.misses: list[CassetteMissError] = []

    @property
    def unused(self) -> list[str]:
        """Method and path of each recorded request that was not made; cancels do not count."""
        return [
            _named(entry.exchange)
            for entry in self._entries
            if not entry.used and not is_cancel(entry.exchange.method, entry.exchange.url)
        ]

    async def answer(self, request: Sent, forward: Forward) -> Received:
        """The recorded answer; or the network's, where that may be recorded.

        A HEAD is answered by 405: it is in no recording, and the server had every upload whole.

        Raises:
            CassetteMissError: it is not recorded, and may not be.
            NetworkError: the recorded request failed.
        """
        asked = Exchange(request.method, request.url, request.headers)
        if asked.method == "HEAD":
            return Received(405, (), _Nothing())
        session = session_of(request.url, None)
        if is_stream(asked.method, asked.url):
            stage = self._stage(session)
            if self._recorder is not None:
                stage.live = partial(self._recorder.answer, request, forward)
            return Received(200, (("content-type", "text/event-stream"),), stage)
        with SpooledTemporaryFile[bytes](IN_MEMORY) as copy:
            asked.request_body = await _read(request, copy)
            await anyio.lowlevel.checkpoint()
            self._scrubber.learn(request.url, request.secrets.values)
            asked = self._scrubber.exchange(asked, request.secrets.headers)
            entry = self._find(asked)
            if entry is None:
                if self._recorder is None:
                    raise self._miss(asked)
                copy.seek(0)
                self._live(asked)
                return await self._recorder.answer(replace(request, body=_chunks(copy)), forward)
        entry.used = True
        recorded = entry.exchange
        await self._clock.wait((recorded.answered or recorded.ended) - recorded.began)
        if recorded.status == 0:
            raise NetworkError(recorded.end if recorded.end in FAILURES else "ReadTimeout")
        self._follow(asked, recorded)
        headers = tuple((name, value) for name, value in recorded.headers if name not in _TRANSFER)
        replayed = _Replayed(recorded, self._contents, self._clock)
        return Received(recorded.status, headers, replayed)

    def _meaning(self, exchange: Exchange, hosts: frozenset[str]) -> Meaning:
        return meaning(exchange.method, exchange.url, exchange.request_body, hosts)

    def _find(self, asked: Exchange) -> _Entry | None:
        """The recorded exchange that answers: of the same session, if there is a choice."""
        session = _session(asked)
        repeats = is_cancel(asked.method, asked.url)
        if repeats and self._stage(session).tells_live:
            return None
        for hosts in (_host(asked) | self._hosts, self._hosts):
            meant = self._meaning(asked, hosts)
            choices = self._by_meaning.get(meant)
            if choices and (entry := self._choose(asked, session, choices, repeats=repeats)):
                return entry
        return None

    def _choose(
        self, asked: Exchange, session: str, choices: _Choices, *, repeats: bool
    ) -> _Entry | None:
        def fits(entry: _Entry) -> bool:
            return self._same(asked, entry.exchange)

        if not session:
            return choices.first(fits, repeats=repeats)
        bound = self._bound.get(session)
        entry = choices.find(fits, bound, self._taken, repeats=repeats)
        if entry and bound is None and entry.session not in self._taken:
            self._bound[session] = entry.session
            self._taken.add(entry.session)
        return entry

    def _miss(self, asked: Exchange) -> CassetteMissError:
        wanted = self._meaning(asked, _host(asked) | self._hosts)
        nearest: tuple[_Entry, list[str]] | None = None
        best = (True, True, 0)
        for meant, choices in self._by_meaning.items():
            differences = wanted.differences(meant)
            rank = (
                meant.path != wanted.path,
                all(entry.used for entry in choices.entries),
                len(differences),
            )
            if nearest is None or rank < best:
                best, nearest = rank, (choices.entries[0], differences)
        request = _named(asked)
        if nearest is None:
            lines = ["the cassette is empty"]
        elif not nearest[1]:
            lines = ["it was recorded, and has been played already"]
        else:
            lines = nearest[1]
        told = "\n".join(f"  {line}" for line in lines)
        near = f"; nearest: {_named(nearest[0].exchange)}" if nearest else ""
        miss = CassetteMissError(
            f"not in the cassette: {request}{near}\n{told}", request=request, differences=lines
        )
        self.misses.append(miss)
        return miss

    def _follow(self, asked: Exchange, recorded: Exchange) -> None:
        """What the request does to the stream of its session."""
        body = mapping(asked.request_body.get("json"))
        if is_join(asked.method, asked.url):
            event_id = event_id_of(recorded)
            if event_id in self._reels:
                self._stage(_session(asked)).join(self._reels[event_id])
        elif is_cancel(asked.method, asked.url):
            fn_index = body.get("fn_index")
            self._stage(_session(asked)).cancel(fn_index if isinstance(fn_index, int) else None)

    def _live(self, asked: Exchange) -> None:
        if is_join(asked.method, asked.url):
            self._stage(_session(asked)).tell_live()

    def _stage(self, session: str) -> Stage:
        if session not in self._stages:
            self._stages[session] = stage = Stage(self._clock, self._pick)
            if session in self._collected:
                stage.join(self._collected[session])
        return self._stages[session]


class _Nothing:
    """The body of an answer that has none."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        return
        yield b""

    async def aclose(self) -> None:
        """Nothing is held open."""


class _Replayed:
    """The body of a recorded answer."""

    def __init__(self, recorded: Exchange, contents: Contents, clock: Clock) -> None:
        self._recorded = recorded
        self._contents = contents
        self._clock = clock
        self._since = clock.now()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        recorded = self._recorded
        if recorded.events is None:
            async for chunk in self._contents.chunks(recorded.body):
                yield chunk
        for at, event in recorded.events or ():
            await self._clock.until(self._since, at - recorded.answered)
            await anyio.lowlevel.checkpoint()
            yield event.encoded()
        if recorded.end in FAILURES:
            raise NetworkError(recorded.end)

    async def aclose(self) -> None:
        """Nothing is held open."""


async def _read(request: Sent, copy: IO[bytes]) -> Stored:
    """The body of a request in the form that it is compared in; its bytes go into `copy`."""
    body = RequestBody(header(request.headers, "content-type"))
    async for chunk in request.body:
        copy.write(chunk)
        body.feed(chunk)
    return body.stored()


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := file.read(2**16):
        yield chunk


def _host(exchange: Exchange) -> frozenset[str]:
    return frozenset({urlsplit(exchange.url).netloc.lower()})


def _session(exchange: Exchange) -> str:
    body: Any = exchange.request_body.get("json")
    return session_of(exchange.url, body)


def _named(exchange: Exchange) -> str:
    return f"{exchange.method} {urlsplit(exchange.url).path}"
