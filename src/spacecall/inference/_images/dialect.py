"""What is different from provider to provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spacecall._core.requests import Request
from spacecall.errors import InvalidInputError
from spacecall.inference._images.ask import Ask
from spacecall.inference._images.found import Answer
from spacecall.inference.providers import Provider


@dataclass(frozen=True, kw_only=True)
class Dialect(ABC):
    """How one provider is asked for images, and how it answers.

    Attributes:
        names: its names of the options that it takes, by the names of `Ask`.
        formats: what it calls the forms in which it can give images.
        headers: sent with each request.
        one_size: whether width and height are one value, so that one alone cannot be told.
        one_image: whether a request gives one image, however many are wanted.
    """

    names: Mapping[str, str]
    formats: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    one_size: bool = False
    one_image: bool = False

    @abstractmethod
    def request(self, ask: Ask, offer: Provider) -> Request:
        """What is sent to the router."""

    @abstractmethod
    def read(self, body: bytes, content_type: str, ask: Ask) -> Answer:
        """The images of an answer.

        Raises:
            ProtocolError: there are none.
            JobError: they could not be made.
        """


def same(*names: str) -> dict[str, str]:
    """Options that a provider calls as they are called here."""
    return {name: name for name in names}


def check(dialect: Dialect, ask: Ask, provider: str) -> None:
    """Refuse an order that a provider has no words for, rather than order something else.

    Raises:
        InvalidInputError: it has none for some of the options.
    """
    given = ask.options()
    form = given.pop("response_format", None)
    if dialect.one_image:
        given.pop("n", None)
    problems = [f"{provider} takes no {name}" for name in given if name not in dialect.names]
    if form is not None and form not in dialect.formats:
        problems.append(f"{provider} cannot give images as {form}")
    if dialect.one_size and (ask.width is None) != (ask.height is None):
        problems.append(f"{provider} takes width and height together")
    if problems:
        raise InvalidInputError("; ".join(problems), problems=problems)
