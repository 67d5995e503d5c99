"""Exchanges of recordings, written by hand."""

from __future__ import annotations

from typing import Any

from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.server_sent_event import ServerSentEvent


def message(kind: str, event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    """Return a message of the queue."""
    return {"msg": kind, "event_id": event_id, **fields}


def join_request(event_id: str = "e1", *, at: float = 0.0, data: Any = ()) -> Exchange:
    """Return the request of a job of function 1."""
    body = {"fn_index": 1, "session_hash": "s1", "data": list(data)}
    return Exchange(
        *("POST", "http://app/queue/join", (), {"json": body}, 200, ()),
        body={"json": {"event_id": event_id}},
        started_at=at,
        answered_at=at,
        ended_at=at,
        end_reason="complete",
    )


def cancel_request(*, at: float) -> Exchange:
    """Return the request that cancels function 1."""
    body = {"fn_index": 1, "session_hash": "s1"}
    url = "http://app/cancel"
    return Exchange("POST", url, (), {"json": body}, 200, started_at=at, end_reason="complete")


def stream(
    *messages: tuple[float, dict[str, Any]],
    at: float = 0.0,
    ended_at: float,
    end_reason: str = "complete",
) -> Exchange:
    """Return the event stream of the session."""
    events = [
        (seconds, ServerSentEvent.from_json("message", fields)) for seconds, fields in messages
    ]
    return Exchange(
        *("GET", "http://app/queue/data?session_hash=s1"),
        status=200,
        events=events,
        started_at=at,
        ended_at=ended_at,
        end_reason=end_reason,
    )
