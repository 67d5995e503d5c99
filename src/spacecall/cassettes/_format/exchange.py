"""One request and its answer, as a cassette keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal

from spacecall._core.loose import is_array, is_object, items, mapping, strings, text
from spacecall._io.intercept import FAILURES
from spacecall.cassettes._format.bodies import Stored
from spacecall.cassettes._format.cassette_json import seconds
from spacecall.cassettes._format.server_sent_event import Event
from spacecall.cassettes.errors import CassetteError

Headers = tuple[tuple[str, str], ...]

_MAX_STATUS: Final = 999
COMPLETE: Literal["complete"] = "complete"
"""The answer came whole."""
CLOSED: Literal["closed"] = "closed"
"""The client left before its end."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer. Times are in seconds since the recording began.

    Attributes:
        events: of an event stream, each with its time; None for any other answer.
        status: 0 where there was no answer.
        end: `COMPLETE`, `CLOSED`, or the kind of failure that ended it, see `FAILURES`.
    """

    method: str
    url: str
    request_headers: Headers = ()
    request_body: Stored = field(default_factory=dict[str, Any])
    status: int = 0
    headers: Headers = ()
    body: Stored = field(default_factory=dict[str, Any])
    events: list[tuple[float, Event]] | None = None
    began: float = 0.0
    answered: float = 0.0
    ended: float = 0.0
    end: str = CLOSED

    def stored_response(self) -> dict[str, Any]:
        """The answer as a cassette keeps it."""
        response: dict[str, Any] = {
            "status": {"code": self.status, "message": _phrase(self.status)},
            "headers": _by_name(self.headers),
            "body": self.body,
            "times": [round(at, 4) for at in (self.began, self.answered, self.ended)],
            "end": self.end,
        }
        if self.events is not None:
            response["events"] = [event.stored(at) for at, event in self.events]
        return response

    def read_response(self, response: Mapping[str, Any]) -> None:
        """Take the answer that a cassette keeps.

        Raises:
            CassetteError: it is none.
        """
        times = items(response.get("times"))
        if len(times) != 3:
            raise CassetteError("it has no times: they are when it began, was answered, and ended")
        try:
            self.began, self.answered, self.ended = map(seconds, times)
        except ValueError as error:
            raise CassetteError(str(error)) from error
        status = mapping(response.get("status")).get("code", 0)
        if not isinstance(status, int) or not 0 <= status <= _MAX_STATUS:
            raise CassetteError(f"its status is not a number from 0 to {_MAX_STATUS}")
        self.status = int(status)
        self.end = text(response.get("end", COMPLETE))
        if self.end not in {COMPLETE, CLOSED, *FAILURES}:
            raise CassetteError(f"it ends in an unknown way: {self.end[:60]!r}")
        self.headers = tuple(_flat(mapping(response.get("headers"))))
        self.body = dict(mapping(response.get("body")))
        if "events" in response:
            self.events = [*_events(items(response["events"]))]

    def header(self, name: str) -> str:
        """A header of the answer; empty if there is none."""
        return header(self.headers, name)


def header(headers: Headers, name: str) -> str:
    """The first header of that name (in lower case); empty if there is none."""
    return next((value for key, value in headers if key == name), "")


def _by_name(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def _flat(headers: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, values in headers.items():
        for value in strings(values) if is_array(values) else [text(values)]:
            yield name.lower(), value


def _events(stored: Sequence[object]) -> Iterator[tuple[float, Event]]:
    for number, event in enumerate(stored, start=1):
        if not is_object(event):
            raise CassetteError(f"event {number} is not an object")
        try:
            yield Event.of(event)
        except ValueError as error:
            raise CassetteError(f"event {number}: {error}") from error


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
