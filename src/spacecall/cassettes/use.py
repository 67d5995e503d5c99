"""Using a cassette: record it, or replay it."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from spacecall._io.intercept import intercepting
from spacecall._version import __version__
from spacecall.cassettes._engine.merging import merged
from spacecall.cassettes._engine.player import Player
from spacecall.cassettes._engine.record_modes import MODES, RecordMode
from spacecall.cassettes._engine.recorder import Recorder
from spacecall.cassettes._engine.recording_lock import recording_lock
from spacecall.cassettes._engine.stream_replayer import Clock, Pick
from spacecall.cassettes._format.cassette_file import Bodies, beside, load, save, vcr_request
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.recorded_apps import apps_of
from spacecall.cassettes._format.scrubber import Scrubber, secrets, secrets_in
from spacecall.cassettes.errors import (
    CassetteError,
    SecretError,
    StaleCassetteWarning,
    UnusedError,
)

__all__ = ["Cassette", "Matcher", "use_cassette"]

Matcher: TypeAlias = Callable[[Any, Any], None]
"""A matcher as vcrpy has them: given a request and a recorded one (`vcr.request.Request`), it
raises AssertionError where they do not mean the same."""


@dataclass
class Cassette:
    """A cassette in use.

    Attributes:
        recording: whether anything can be added to it.
        strict: whether recorded requests that were not made are an error at the end.
        exchanges: what it has, in the order of their requests.
        metadata: what it says of itself: when it was recorded and by which version, of which apps
            (`apps`, each with the sha256 of its endpoints' shapes), and which endpoints typed
            clients called by which schemas (`schemas`, by their sha256).
    """

    path: Path
    recording: bool
    strict: bool = True
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    player: Player | None = None

    @property
    def unused(self) -> list[str]:
        """Recorded requests that have not been made."""
        return self.player.unused if self.player else []

    def called_by(self, endpoint: str, schema: str) -> None:
        """A typed client calls an endpoint by a schema: it is noted, or warned of if another was.

        Warns:
            StaleCassetteWarning: see there.
        """
        schemas: dict[str, list[str]] = self.metadata.setdefault("schemas", {})
        recorded = [digest for digest, names in schemas.items() if endpoint in names]
        if not recorded or self.player is None:
            names = schemas.setdefault(schema, [])
            schemas[schema] = sorted({*names, endpoint})
        elif schema not in recorded:
            warnings.warn(
                f"{self.path} was recorded with another schema of {endpoint} "
                f"({recorded[-1][:12]}, the client has {schema[:12]}): "
                "if it is of the same app, record it anew",
                StaleCassetteWarning,
                stacklevel=2,
            )


@contextmanager
def use_cassette(
    path: str | Path,
    *,
    mode: RecordMode = "none",
    pace: float | Literal["instant", "recorded"] = "instant",
    shuffle: int | None = None,
    matchers: Sequence[Matcher] = (),
    scrub: Sequence[str] = (),
    strict: bool = True,
) -> Generator[Cassette]:
    """Inside, every Space that is opened talks to a cassette.

    It holds for all threads of the process, for async code as for sync code, and for Spaces that
    are not given an `http_client`.

    Args:
        path: of the cassette, `name.json`; large bodies are in `name.bodies` beside it.
        mode: what is recorded, see `RecordMode`.
        pace: how fast it is replayed: at once, as recorded, or so many seconds for each recorded
            second.
        shuffle: a seed: jobs of one session are told in another order than the recorded one, each
            job's own messages in theirs.
        matchers: what else must be the same in a request; see `Matcher`.
        scrub: names of further fields whose values are not kept, such as `username`. Credentials
            never are: headers of logins and tokens, cookies, and fields such as `password`.
        strict: whether recorded requests that were not made are an error.

    Raises:
        CassetteError: there is no such cassette, it is none, or somebody else is recording it.
        CassetteMissError: a request is not in the cassette. It is raised where the request is
            made, and again at the end if it was swallowed there.
        UnusedError: see `strict`.
        SecretError: what would be written has something that looks like a token; nothing is.
        RuntimeError: another cassette is in use.
    """
    if mode not in MODES:
        raise ValueError(f"the mode is one of {', '.join(MODES)}, not {mode!r}")
    path = Path(path)
    speed = {"instant": 0.0, "recorded": 1.0}.get(str(pace), pace)
    if isinstance(speed, str) or speed < 0:
        raise ValueError(f"the pace is 'instant', 'recorded' or a factor, not {pace!r}")
    with ExitStack() as stack:
        if mode not in ("none", "once") or (mode == "once" and not path.is_file()):
            stack.enter_context(recording_lock(path))
        recorded = path.is_file()
        if mode == "none" and not recorded:
            raise CassetteError(f"there is no cassette {path}: record it with mode='once'")
        scrubber = Scrubber(scrub)
        if mode in ("none", "new_episodes") or (mode == "once" and recorded):
            exchanges, metadata = load(path) if recorded else ([], _metadata())
            cassette = Cassette(path, mode == "new_episodes", strict, exchanges, metadata)
            with _replaying(cassette, Clock(speed), _pick(shuffle), matchers, scrubber):
                yield cassette
        else:
            with _recording(path, scrubber, keep_old=mode == "all" and recorded) as cassette:
                yield cassette


@contextmanager
def _replaying(
    cassette: Cassette,
    clock: Clock,
    pick: Pick,
    matchers: Sequence[Matcher],
    scrubber: Scrubber,
) -> Generator[None]:
    new: list[Exchange] = []
    with _bodies(cassette.path, scrubber) as bodies:
        recorder = None
        if cassette.recording:
            since = max((one.ended for one in cassette.exchanges), default=0.0)
            recorder = _recorder(bodies, scrubber, new, cassette, since)
        cassette.player = player = Player(
            cassette.exchanges,
            bodies,
            clock,
            pick,
            _same(matchers),
            scrubber,
            cassette.called_by,
            recorder,
        )
        with intercepting(player):
            yield
        if new:
            _write(cassette, bodies, [*cassette.exchanges, *new], scrubber)
    if player.misses:
        raise player.misses[0]
    if cassette.strict and player.unused:
        lines = "\n".join(f"  {one}" for one in player.unused)
        raise UnusedError(
            f"{cassette.path} has requests that were not made:\n{lines}", requests=player.unused
        )


@contextmanager
def _recording(path: Path, scrubber: Scrubber, *, keep_old: bool) -> Generator[Cassette]:
    old, metadata = load(path) if keep_old else ([], {})
    cassette = Cassette(path, recording=True, metadata={**metadata, **_metadata()})
    with _bodies(path, scrubber) as bodies:
        with intercepting(_recorder(bodies, scrubber, cassette.exchanges, cassette)):
            yield cassette
        _write(cassette, bodies, merged(old, cassette.exchanges), scrubber)


@contextmanager
def _bodies(path: Path, scrubber: Scrubber) -> Generator[Bodies]:
    bodies = Bodies(path, scrubber.json)
    try:
        yield bodies
    finally:
        bodies.discard()


def _recorder(
    bodies: Bodies,
    scrubber: Scrubber,
    exchanges: list[Exchange],
    cassette: Cassette,
    since: float = 0.0,
) -> Recorder:
    clock = time.monotonic
    return Recorder(bodies.keep, scrubber, exchanges.append, cassette.called_by, clock, since=since)


def _write(
    cassette: Cassette, bodies: Bodies, exchanges: list[Exchange], scrubber: Scrubber
) -> None:
    kept = [scrubber.exchange(one) for one in exchanges]
    places = [place for one in kept for place in secrets(one, scrubber)]
    places += [place for path in bodies.waiting().values() for place in secrets_in(path, scrubber)]
    if places:
        lines = "\n".join(f"  {place}" for place in places)
        raise SecretError(f"{cassette.path} is not written, it would have:\n{lines}", places=places)
    cassette.metadata["apps"] = [app.told() for app in apps_of(kept, bodies.read).values()]
    needed = beside(kept)
    bodies.save(needed)
    save(cassette.path, kept, cassette.metadata)
    bodies.sweep(needed)  # the cassette that had them is replaced


def _metadata() -> dict[str, Any]:
    return {"spacecall": __version__, "recorded": datetime.now(UTC).date().isoformat()}


def _pick(shuffle: int | None) -> Pick:
    if shuffle is None:
        return lambda times: min(range(len(times)), key=times.__getitem__)
    chance = random.Random(shuffle)  # noqa: S311
    return lambda times: chance.randrange(len(times))


def _same(matchers: Sequence[Matcher]) -> Callable[[Exchange, Exchange], bool]:
    def same(asked: Exchange, recorded: Exchange) -> bool:
        try:
            for matcher in matchers:
                matcher(vcr_request(asked), vcr_request(recorded))
        except AssertionError:
            return False
        return True

    return same
