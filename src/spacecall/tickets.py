"""A ticket of a job that runs on the server, to collect it later or in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from spacecall._problems import validation_problems
from spacecall.errors import InvalidInputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Ticket"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The reference to a detached job: `Call.detach()` returns it, `Space.collect()` takes it.

    Everyone who has the ticket can read the job's result, once.

    Attributes:
        space: the app's address.
        endpoint: the endpoint's name.
        session_hash: the id of the session that stores the job's messages.
        event_id: the server's id of the job.
        cookies: the cookies that route to the replica of the job, without login cookies.
        app_id: the id of the run of the app; None if the app does not send it.
    """

    space: str
    endpoint: str
    session_hash: str = field(repr=False)
    event_id: str
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    app_id: str | None = None

    def to_json(self) -> str:
        """Return the ticket as JSON text."""
        return _adapter().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Ticket:
        """Parse a ticket from its JSON text.

        Raises:
            InvalidInputError: the text is not a ticket.
        """
        from pydantic_core import ValidationError  # noqa: PLC0415 - see `_adapter`

        try:
            return _adapter().validate_json(text)
        except ValidationError as error:
            reasons = validation_problems(error)
        # Not chained: pydantic's error repeats the text, which has secrets in it.
        raise InvalidInputError(f"this is not a ticket: {'; '.join(reasons)}")


@cache
def _adapter() -> TypeAdapter[Ticket]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - a fifth of `from spacecall import Space`

    return TypeAdapter(Ticket)
