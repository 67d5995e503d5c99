"""One request and its response, as a cassette stores them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal

from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_array, is_object
from spacecall._io.interceptor import NETWORK_ERRORS
from spacecall.cassettes._format.bodies import StoredBody
from spacecall.cassettes._format.cassette_json import parse_seconds
from spacecall.cassettes._format.server_sent_event import ServerSentEvent
from spacecall.cassettes.errors import CassetteError

Headers = tuple[tuple[str, str], ...]

_MAX_STATUS: Final = 999
COMPLETE: Literal["complete"] = "complete"
"""The response arrived completely."""
CLOSED: Literal["closed"] = "closed"
"""The client closed the response before its end."""


@dataclass(slots=True)
class Exchange:
    """A request and its response. Times are in seconds since the recording began.

    Attributes:
        status: of the response; 0 if the server sent none.
        headers: of the response.
        body: of the response; empty for an event stream.
        events: of an event stream, each with its time; None for any other response.
        started_at: when the request was sent.
        answered_at: when the headers of the response arrived.
        ended_at: when the response ended.
        end_reason: `COMPLETE`, `CLOSED`, or the failure that ended it, see `NETWORK_ERRORS`.
        test: that made the request, `file::test`, if tests share the cassette; else empty.
        sent: False if an error of the client itself stopped the request; it is not stored.
    """

    method: str
    url: str
    request_headers: Headers = ()
    request_body: StoredBody = field(default_factory=dict[str, Any])
    status: int = 0
    headers: Headers = ()
    body: StoredBody = field(default_factory=dict[str, Any])
    events: list[tuple[float, ServerSentEvent]] | None = None
    started_at: float = 0.0
    answered_at: float = 0.0
    ended_at: float = 0.0
    end_reason: str = CLOSED
    test: str = ""
    sent: bool = True

    def to_stored_response(self) -> dict[str, Any]:
        """Return the response in the form that a cassette stores."""
        times = (self.started_at, self.answered_at, self.ended_at)
        response: dict[str, Any] = {
            "status": {"code": self.status, "message": _reason_phrase(self.status)},
            "headers": _group_by_name(self.headers),
            "body": self.body,
            "times": [round(seconds, 4) for seconds in times],
            "end": self.end_reason,
        }
        if self.events is not None:
            response["events"] = [event.to_stored(seconds) for seconds, event in self.events]
        return response

    def load_response(self, stored: Mapping[str, Any]) -> None:
        """Set the response from the form that a cassette stores.

        Raises:
            CassetteError: it is not a response.
        """
        times = as_list(stored.get("times"))
        if len(times) != 3:
            raise CassetteError("times must be 3 numbers: start, response and end")
        try:
            self.started_at, self.answered_at, self.ended_at = map(parse_seconds, times)
        except ValueError as error:
            raise CassetteError(str(error)) from error
        status = as_dict(stored.get("status")).get("code", 0)
        if not isinstance(status, int) or not 0 <= status <= _MAX_STATUS:
            raise CassetteError(
                f"the status code is not a number from 0 to {_MAX_STATUS}: record again"
            )
        self.status = int(status)
        self.end_reason = as_str(stored.get("end", COMPLETE))
        if self.end_reason not in {COMPLETE, CLOSED, *NETWORK_ERRORS}:
            raise CassetteError(
                f"unknown end {self.end_reason[:60]!r}: must be complete, closed or one of "
                f"{', '.join(NETWORK_ERRORS)}"
            )
        self.headers = tuple(_iter_headers(as_dict(stored.get("headers"))))
        self.body = dict(as_dict(stored.get("body")))
        if "events" in stored:
            self.events = [*_parse_events(as_list(stored["events"]))]


def get_header(headers: Headers, name: str) -> str:
    """Return the first header of that name (in lower case); empty if it is missing."""
    return next((value for key, value in headers if key == name), "")


def _group_by_name(headers: Headers) -> dict[str, list[str]]:
    values_by_name: dict[str, list[str]] = {}
    for name, value in headers:
        values_by_name.setdefault(name, []).append(value)
    return values_by_name


def _iter_headers(headers: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, values in headers.items():
        for value in as_str_list(values) if is_array(values) else [as_str(values)]:
            yield name.lower(), value


def _parse_events(stored: Sequence[object]) -> Iterator[tuple[float, ServerSentEvent]]:
    for number, event in enumerate(stored, start=1):
        if not is_object(event):
            raise CassetteError(f"event {number} is not an object")
        try:
            yield ServerSentEvent.from_stored(event)
        except ValueError as error:
            raise CassetteError(f"event {number}: {error}") from error


def _reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
