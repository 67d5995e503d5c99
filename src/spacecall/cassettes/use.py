"""Using a cassette: record it, or replay it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from spacecall._io.interceptor import intercepting
from spacecall._regular_files import follow_link
from spacecall._version import __version__
from spacecall.cassettes._engine.new_recording import finish_recording
from spacecall.cassettes._engine.player import Player
from spacecall.cassettes._engine.record_modes import MODES, RecordMode
from spacecall.cassettes._engine.recorder import Recorder
from spacecall.cassettes._engine.recording_lock import recording_lock
from spacecall.cassettes._engine.sharing import Sharing
from spacecall.cassettes._engine.stream_replayer import ReplayClock, Scheduler
from spacecall.cassettes._format.cassette_file import (
    BodyFiles,
    check_cassette_path,
    load_cassette,
    save_cassette,
    to_vcr_request,
)
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.recorded_apps import read_recorded_apps
from spacecall.cassettes._format.scrubber import Scrubber
from spacecall.cassettes._format.secret_places import SecretPlaces
from spacecall.cassettes.errors import CassetteError, UnusedRequestsError

__all__ = ["Cassette", "Matcher", "use_cassette"]

Matcher: TypeAlias = Callable[[Any, Any], None]
"""A matcher as in vcrpy: called with a request and a recorded one (`vcr.request.Request`), it
raises AssertionError if they do not match."""


@dataclass
class Cassette:
    """A cassette in use.

    Attributes:
        path: of its file.
        recording: whether requests can be added to it.
        assert_all_used: whether recorded requests that were not made are an error at the end.
        complete: whether what uses it runs to its end. Set it to False where a failure raises no
            exception in the block: nothing is written, and requests that were not made are no
            error.
        metadata: when it was recorded and by which version, and its `apps`, each with the sha256
            of the shapes of its endpoints.
    """

    path: Path
    recording: bool
    assert_all_used: bool = True
    complete: bool = True
    _exchanges: list[Exchange] = field(default_factory=list[Exchange], repr=False)
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    _player: Player | None = field(default=None, init=False, repr=False)

    @property
    def unused_requests(self) -> list[str]:
        """Method and path of each recorded request that has not been made."""
        return self._player.unused_requests if self._player else []


@contextmanager
def use_cassette(
    path: str | Path,
    *,
    mode: RecordMode = "none",
    speed: float | Literal["instant", "recorded"] = "instant",
    shuffle: int | None = None,
    matchers: Sequence[Matcher] = (),
    filter_fields: Sequence[str] = (),
    assert_all_used: bool = True,
    allow_playback_repeats: bool = False,
) -> Generator[Cassette]:
    """Record or replay a cassette in the `with` block.

    It applies to every Space that is opened in the block without an `http_client` of its own: in
    all threads of the process, sync and async. Blocks can be nested: a Space that is opened in the
    inner block uses the inner cassette.

    The recording is written at the end of the block. If the block raises, or makes no request,
    nothing is written and an older cassette stays as it was.

    Args:
        path: of the cassette, `name.json`; large bodies are in `name.bodies` beside it.
        mode: what is recorded, see `RecordMode`.
        speed: of a replay: without waiting, as recorded, or a factor: 2 is twice as fast.
        shuffle: a seed: the jobs of a session are replayed in a random order, the events of each
            job in the recorded order.
        matchers: further conditions for a request to match; see `Matcher`.
        filter_fields: names of further parameters and fields whose values are not recorded, such
            as `username`. Credentials never are: headers of logins and tokens, cookies, arguments
            of password boxes, and parameters and fields such as `password` and `api_key`.
        assert_all_used: whether recorded requests that were not made are an error.
        allow_playback_repeats: whether a recorded request can be made again when all that match it
            have been replayed: it gets the first response again.

    Raises:
        CassetteError: the cassette is invalid, or is being recorded elsewhere.
        CassetteMissError: a request is not in the cassette, or the cassette does not exist. It is
            raised where the request is made, and again at the end of the block if it was
            suppressed there.
        UnusedRequestsError: see `assert_all_used`.
        SecretFoundError: the recording contains probable secrets; nothing was written.
        RuntimeError: another thread uses a cassette or a fake Space.
        ValueError: the mode or the speed is invalid.
    """
    with use_shared_cassette(
        path,
        None,
        mode=mode,
        speed=speed,
        shuffle=shuffle,
        matchers=matchers,
        filter_fields=filter_fields,
        assert_all_used=assert_all_used,
        allow_playback_repeats=allow_playback_repeats,
    ) as cassette:
        yield cassette


@contextmanager
def use_shared_cassette(
    path: str | Path,
    sharing: Sharing | None,
    *,
    mode: RecordMode = "none",
    speed: float | Literal["instant", "recorded"] = "instant",
    shuffle: int | None = None,
    matchers: Sequence[Matcher] = (),
    filter_fields: Sequence[str] = (),
    assert_all_used: bool = True,
    allow_playback_repeats: bool = False,
) -> Generator[Cassette]:
    """Record or replay a cassette as `use_cassette` does, which other tests of the run may share.

    Args:
        path: of the cassette.
        sharing: the part of the test; None for a cassette that is not shared. A recording replaces
            the requests of this test, and keeps those of the others.
        mode: see `use_cassette`, as all other options.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
    path = Path(path)
    check_cassette_path(path)
    clock = ReplayClock(_time_scale(speed))
    with ExitStack() as stack:
        mode, exchanges, metadata = _load_for(mode, path, stack, sharing)
        scrubber = Scrubber(filter_fields)
        if mode in ("none", "new_episodes"):
            recording = mode == "new_episodes"
            cassette = Cassette(
                path, recording, assert_all_used, _exchanges=exchanges, metadata=metadata
            )
            with _replaying(
                cassette,
                exchanges,
                clock,
                _make_scheduler(shuffle),
                matchers,
                scrubber,
                sharing,
                allow_repeats=allow_playback_repeats,
            ):
                yield cassette
        else:
            with _recording(path, scrubber, exchanges, metadata, mode, sharing) as cassette:
                yield cassette


def _load_for(
    mode: RecordMode, path: Path, stack: ExitStack, sharing: Sharing | None
) -> tuple[RecordMode, list[Exchange], dict[str, Any]]:
    """Return the mode without `once`, and what of the cassette that mode needs.

    A cassette that is recorded is locked until `stack` is closed.
    """
    if mode == "once":
        exchanges, metadata = _load(path)
        if exchanges and not (sharing and sharing.is_new(metadata)):
            return "none", exchanges, metadata
    if mode != "none":
        stack.enter_context(recording_lock(follow_link(path)))
    try:
        exchanges, metadata = _load(path)
    except CassetteError:
        if mode != "rewrite":
            raise
        exchanges, metadata = [], _new_metadata()
    if mode == "once":  # another process may have recorded it meanwhile
        is_recorded = exchanges and not (sharing and sharing.is_new(metadata))
        mode = "none" if is_recorded else "all"
    if mode != "none" and sharing:
        sharing.check_recording(path, metadata, is_rewrite=mode == "rewrite")
    return mode, exchanges, metadata


def _load(path: Path) -> tuple[list[Exchange], dict[str, Any]]:
    """Return the requests and the metadata of a cassette; those of a new one if it has none."""
    exists = path.is_file() and path.stat().st_size > 0
    exchanges, metadata = load_cassette(path) if exists else ([], {})
    return exchanges, metadata if exchanges else _new_metadata()


def _time_scale(speed: float | str) -> float:
    """Return the seconds that a replay takes for each recorded second."""
    if speed == "instant":
        return 0.0
    if speed == "recorded":
        return 1.0
    if isinstance(speed, str) or not speed > 0:
        raise ValueError(f"speed must be 'instant', 'recorded' or a number above 0, got {speed!r}")
    return 1 / speed


@contextmanager
def _replaying(
    cassette: Cassette,
    exchanges: list[Exchange],
    clock: ReplayClock,
    scheduler: Scheduler,
    matchers: Sequence[Matcher],
    scrubber: Scrubber,
    sharing: Sharing | None,
    *,
    allow_repeats: bool,
) -> Generator[None]:
    new_exchanges: list[Exchange] = []
    with _body_files(cassette.path, scrubber) as bodies:
        recorder = None
        if cassette.recording:
            offset = max((exchange.ended_at for exchange in exchanges), default=0.0)
            recorder = _make_recorder(bodies, scrubber, new_exchanges, offset)

        def hide_secrets(exchange: Exchange) -> Exchange:
            apps = read_recorded_apps(exchanges, bodies.read)
            return SecretPlaces(apps, scrubber.filter_fields).hide_in(exchange, apps.values())

        player = Player(
            exchanges,
            bodies,
            clock,
            scheduler,
            _combine_matchers(matchers),
            scrubber,
            recorder,
            path=cassette.path,
            hide_secrets=hide_secrets,
            allow_repeats=allow_repeats,
            used_by_others=sharing.used_by_others if sharing else (),
            test=sharing.test if sharing else "",
        )
        cassette._player = player  # pyright: ignore[reportPrivateUsage] - of this module
        with intercepting(player):
            yield
        new_exchanges = [exchange for exchange in new_exchanges if exchange.sent]
        is_new = recorder is not None and sharing is not None and sharing.is_new(cassette.metadata)
        if (new_exchanges or is_new) and cassette.complete:
            _write(cassette, bodies, exchanges, new_exchanges, scrubber, "new_episodes", sharing)
    if player.misses:
        raise player.misses[0]
    if sharing and cassette.complete:
        added = range(len(exchanges), len(exchanges) + len(new_exchanges))
        sharing.note_pass(player.used_positions.union(added))
    is_last = sharing is None or sharing.is_last(cassette.metadata)
    if cassette.assert_all_used and cassette.complete and is_last and player.unused_requests:
        lines = "\n".join(f"  {request}" for request in player.unused_requests)
        raise UnusedRequestsError(
            f"{cassette.path} has requests that were not made. If the test has changed, record "
            "the cassette again with mode='rewrite' (pytest --spacecall-record=rewrite): the modes "
            "all and new_episodes keep older requests. Delete it if no request is needed, or allow "
            f"this with assert_all_used=False:\n{lines}",
            requests=player.unused_requests,
        )


@contextmanager
def _recording(
    path: Path,
    scrubber: Scrubber,
    old_exchanges: list[Exchange],
    metadata: dict[str, Any],
    mode: RecordMode,
    sharing: Sharing | None,
) -> Generator[Cassette]:
    recorded: list[Exchange] = []
    cassette = Cassette(path, recording=True, metadata=metadata, _exchanges=recorded)
    with _body_files(path, scrubber) as bodies:
        with intercepting(_make_recorder(bodies, scrubber, recorded)):
            yield cassette
        new_exchanges = [exchange for exchange in recorded if exchange.sent]
        if (new_exchanges or (sharing and old_exchanges)) and cassette.complete:
            _write(cassette, bodies, old_exchanges, new_exchanges, scrubber, mode, sharing)


@contextmanager
def _body_files(path: Path, scrubber: Scrubber) -> Generator[BodyFiles]:
    bodies = BodyFiles(path, scrubber.scrub_json)
    try:
        yield bodies
    finally:
        bodies.discard()


def _make_recorder(
    bodies: BodyFiles,
    scrubber: Scrubber,
    exchanges: list[Exchange],
    offset: float = 0.0,
) -> Recorder:
    return Recorder(
        bodies.store,
        scrubber,
        exchanges.append,
        time.monotonic,
        offset=offset,
    )


def _write(
    cassette: Cassette,
    bodies: BodyFiles,
    old_exchanges: list[Exchange],
    new_exchanges: list[Exchange],
    scrubber: Scrubber,
    mode: RecordMode,
    sharing: Sharing | None = None,
) -> None:
    others = frozenset[str]()
    if sharing:
        others = sharing.find_others(cassette.metadata)
        for exchange in new_exchanges:
            exchange.test = sharing.test
    recording = finish_recording(
        cassette.path, old_exchanges, new_exchanges, bodies, scrubber, mode, others
    )
    exchanges = recording.exchanges
    if not exchanges:  # no test makes a request any more
        return
    if recording.has_changed:
        cassette.metadata |= _new_metadata()
        cassette.metadata.pop("schemas", None)  # of spacecall 0.1: the schemas of typed clients
    apps = read_recorded_apps(exchanges, bodies.read)
    cassette.metadata["apps"] = [app.to_metadata() for app in apps.values()]
    if sharing:
        is_rewrite = mode == "rewrite"
        cassette.metadata["tests"] = sharing.tests_of(cassette.metadata, is_rewrite=is_rewrite)
    save_cassette(cassette.path, exchanges, cassette.metadata, bodies)


def _new_metadata() -> dict[str, Any]:
    return {"spacecall": __version__, "recorded": datetime.now(UTC).date().isoformat()}


def _make_scheduler(shuffle: int | None) -> Scheduler:
    if shuffle is None:
        return lambda times: min(range(len(times)), key=times.__getitem__)
    rng = random.Random(shuffle)  # noqa: S311
    return lambda times: rng.randrange(len(times))


def _combine_matchers(matchers: Sequence[Matcher]) -> Callable[[Exchange, Exchange], bool]:
    def matches(exchange: Exchange, recorded: Exchange) -> bool:
        try:
            for matcher in matchers:
                matcher(to_vcr_request(exchange), to_vcr_request(recorded))
        except AssertionError:
            return False
        return True

    return matches
