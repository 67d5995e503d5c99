"""Which providers serve a model, which of them to ask, and whom to ask when one cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from spacecall._core.loose import is_object
from spacecall._io.settings import Settings
from spacecall._wire.inference.provider_mapping import MappedModel, ProviderEntry
from spacecall.errors import NotFoundError, ProtocolError, StatusError, UnavailableError

__all__ = [
    "FALLBACK",
    "Attempt",
    "NoProviderError",
    "Provider",
    "ProvidersFailedError",
    "choose",
    "read_providers",
    "split_model",
    "try_in_turn",
]

T = TypeVar("T")

FALLBACK: Final = frozenset({402, 404, 503})
"""Statuses after which another provider may do better: no credits, no such model, not loaded."""

LIVE: Final = "live"
FIRST: Final = frozenset({"auto", "preferred"})
"""What stands in a provider's place for the first live one, in the order of the account."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's offer to serve a model.

    Attributes:
        name: such as `fal-ai`; the first part of its routes through the router.
        model: what the provider calls the model.
        task: such as `text-to-image` or `conversational`; an open set.
        status: `live`, `staging` or `error`; an open set.
        source: the model's id on the Hub.
        adapter: `lora` for weights that are laid over another model's.
        weights: where those are in the repository of `source`.
    """

    name: str
    model: str
    task: str
    status: str = LIVE
    source: str = ""
    adapter: str | None = None
    weights: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A provider that was asked, and how it refused."""

    provider: str
    error: StatusError


class NoProviderError(NotFoundError):
    """No provider, or not the one that was asked for, serves the model now.

    Attributes:
        model: its id.
        task: what it was to do.
        asked: the provider that was asked for; None where any would do.
        live: those that do serve it, in the order of the account.
    """

    def __init__(
        self, model: str, task: str, *, asked: str | None, live: Sequence[str], why: str
    ) -> None:
        others = f"live now: {', '.join(live)}" if live else "no provider is live for it"
        super().__init__(f"{model} for {task}: {why}; {others}")
        self.model = model
        self.task = task
        self.asked = asked
        self.live = tuple(live)
        self.provider = asked


class ProvidersFailedError(UnavailableError):
    """Several providers were asked one after another, and each refused.

    Status, body and provider are those of the last.

    Attributes:
        attempts: who refused, and how, in the order in which they were asked.
    """

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        last = attempts[-1].error
        said = "; ".join(f"{one.provider}: {one.error.message}" for one in attempts)
        super().__init__(f"every provider refused: {said}", status=last.status, body=last.body)
        self.attempts = tuple(attempts)
        self.provider = attempts[-1].provider
        waits = [one.error.retry_after for one in attempts if one.error.retry_after is not None]
        self.retry_after = min(waits, default=None)
        self.estimated_time = last.estimated_time


def read_providers(body: bytes | str, model: str) -> tuple[Provider, ...]:
    """The offers in the Hub's answer about `model`, a dict by provider or a list.

    An offer without a provider, a status, a task or the provider's name of the model is passed
    over: it could not be used.

    Raises:
        ProtocolError: this is no answer of the Hub's.
    """
    try:
        found = MappedModel.model_validate_json(body).inferenceProviderMapping
    except ValidationError as error:
        raise ProtocolError(f"the Hub's answer about {model} is no model's metadata") from error
    listed = (("", entry) for entry in found or ())
    named: Iterable[tuple[str, Any]] = found.items() if isinstance(found, dict) else listed
    offers = (_offer(name, entry, model) for name, entry in named)
    return tuple(offer for offer in offers if offer is not None)


def _offer(name: str, value: object, model: str) -> Provider | None:
    if not is_object(value):
        return None
    try:
        entry = ProviderEntry.model_validate(value)
    except ValidationError:
        return None
    name = name or entry.provider or ""
    if not name or not entry.providerId:
        return None
    return Provider(
        name=name,
        model=entry.providerId,
        task=entry.task,
        status=entry.status,
        source=model,
        adapter=entry.adapter,
        weights=entry.adapterWeightsPath,
    )


def split_model(model: str) -> tuple[str, str | None]:
    """A model's id, and the provider behind its colon: `org/name:provider`."""
    name, _, suffix = model.partition(":")
    return name, suffix or None


def choose(
    offers: Sequence[Provider],
    *,
    model: str,
    task: str,
    asked: str | None = None,
    able: Collection[str] | None = None,
) -> list[Provider]:
    """The live offers for a task: first the one that was asked for, then the others in order.

    Args:
        asked: a provider's name; None, `auto` and `preferred` for the first that is live.
        able: the providers whose requests are known here; None for all.

    Raises:
        NoProviderError: the one asked for is not live for this task, or none is.
    """
    fitting = [offer for offer in offers if offer.task == task]
    live = [one for one in fitting if one.status == LIVE and (able is None or one.name in able)]
    names = [offer.name for offer in live]
    if asked is None or asked in FIRST:
        if not live:
            raise NoProviderError(model, task, asked=None, live=(), why="nobody to ask")
        return live
    if asked not in names:
        why = _why_not(asked, offers, task, able)
        raise NoProviderError(model, task, asked=asked, live=names, why=why)
    return sorted(live, key=lambda offer: offer.name != asked)


def _why_not(
    asked: str, offers: Sequence[Provider], task: str, able: Collection[str] | None
) -> str:
    if able is not None and asked not in able:
        return f"how to ask {asked} for this is not known"
    theirs = [offer for offer in offers if offer.name == asked]
    states = [offer.status for offer in theirs if offer.task == task]
    if states:
        return f"{asked} has it as {states[0]!r}, not live"
    if theirs:
        return f"{asked} has it for {theirs[0].task} only"
    return f"{asked} does not have it"


async def try_in_turn(
    providers: Sequence[Provider],
    attempt: Callable[[Provider, Settings], Awaitable[T]],
    settings: Settings,
) -> T:
    """What the first provider gives that does not refuse with a status of `FALLBACK`.

    While there is another one to ask, a `Retry-After` is not waited for.

    Args:
        providers: whom to ask, at least one.
        attempt: asks one, with the settings it is given.

    Raises:
        ProvidersFailedError: several were asked, and all refused so.
        SpaceError: what `attempt` raises otherwise, with a note for each that was asked before.
    """
    failed: list[Attempt] = []
    hurried = replace(settings, retry=replace(settings.retry, max_wait=0))
    for offer in providers:
        last = offer is providers[-1]
        try:
            return await attempt(offer, settings if last else hurried)
        except StatusError as error:
            if error.status not in FALLBACK or len(providers) == 1:
                for one in failed:
                    error.add_note(f"asked before: {one.provider}: {one.error.message}")
                raise
            failed.append(Attempt(offer.name, error))
    raise ProvidersFailedError(failed) from failed[-1].error
