"""The recorded exchanges that can answer a request."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from spacecall.cassettes._format.exchange import Exchange

__all__ = ["Candidates", "Entry"]


@dataclass(slots=True, eq=False)
class Entry:
    """A recorded exchange that can answer a request.

    Attributes:
        session: the session hash; empty if the request has none.
        position: of the exchange in the recording.
        uses: the number of requests that it has answered.
    """

    exchange: Exchange
    session: str
    position: int
    uses: int = 0

    @property
    def used(self) -> bool:
        """Whether it has answered a request."""
        return self.uses > 0


class Candidates:
    """Recorded exchanges with the same request key, in order."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._by_session: dict[str, deque[Entry]] = defaultdict(deque)
        for entry in entries:
            self._by_session[entry.session].append(entry)
        self._unused = deque(entries)
        self._unbound = deque(entries)

    def find_first(self, matches: Callable[[Entry], bool], *, repeats: bool) -> Entry | None:
        """Return the first entry that matches; used entries count only if `repeats`."""
        return _pop_to_first_match(self._unused, lambda entry: entry.used and not repeats, matches)

    def find(
        self,
        matches: Callable[[Entry], bool],
        bound_session: str | None,
        taken_sessions: Container[str],
        *,
        repeats: bool,
    ) -> Entry | None:
        """Return an entry as `find_first` does, from the best session.

        That is `bound_session`, else a session that is not in `taken_sessions`, else any.
        """

        def is_spent(entry: Entry) -> bool:
            return entry.used and not repeats

        def is_unavailable(entry: Entry) -> bool:
            return is_spent(entry) or entry.session in taken_sessions

        same_session = None if bound_session is None else self._by_session.get(bound_session)
        return (
            (None if same_session is None else _pop_to_first_match(same_session, is_spent, matches))
            or _pop_to_first_match(self._unbound, is_unavailable, matches)
            or self.find_first(matches, repeats=repeats)
        )

    def find_used(
        self, matches: Callable[[Entry], bool], bound_session: str | None
    ) -> Entry | None:
        """Return the first entry that matches and was used, of `bound_session` if possible."""
        used = [entry for entry in self.entries if entry.used and matches(entry)]
        same_session = (entry for entry in used if entry.session == bound_session)
        return next(same_session, used[0] if used else None)


def _pop_to_first_match(
    entries: deque[Entry],
    is_gone: Callable[[Entry], bool],
    matches: Callable[[Entry], bool],
) -> Entry | None:
    """Return the first entry that matches; drop entries that are gone from the front, for good."""
    while entries and is_gone(entries[0]):
        entries.popleft()
    return next((entry for entry in entries if not is_gone(entry) and matches(entry)), None)
