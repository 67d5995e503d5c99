"""A job that was left on the server, to be collected later, maybe by another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from pydantic_core import ValidationError

from spacecall._problems import validation_problems
from spacecall.errors import InvalidInputError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Ticket"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What `Call.detach()` gives and `Space.collect()` takes.

    Whoever has the ticket can read the job's result, once.

    Attributes:
        space: the app's address.
        endpoint: the endpoint's name.
        session_hash: the session that the job's messages are kept under.
        event_id: the server's id of the job.
        cookies: what leads to the replica that runs the job; login cookies are left out.
        app_id: of the run of the app that has the job; None where it does not tell.
    """

    space: str
    endpoint: str
    session_hash: str = field(repr=False)
    event_id: str
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    app_id: str | None = None

    def to_json(self) -> str:
        """The ticket as JSON text."""
        return _adapter().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Ticket:
        """A ticket from its JSON text.

        Raises:
            InvalidInputError: this is no ticket.
        """
        try:
            return _adapter().validate_json(text)
        except ValidationError as error:
            reasons = validation_problems(error)
        # Not chained: pydantic's error repeats the text, which has secrets in it.
        raise InvalidInputError(f"this is not a ticket: {'; '.join(reasons)}")


@cache
def _adapter() -> TypeAdapter[Ticket]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - a third of `import spacecall`

    return TypeAdapter(Ticket)
