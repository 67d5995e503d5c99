"""Read the providers of a model, choose among them, and fall back to the next.

The paths of their requests are in `_text_requests`, `_task_requests` and `_image_providers`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from spacecall._core.json_values import is_object
from spacecall._io.request_settings import Settings
from spacecall._wire.inference.provider_mapping import MappedModel, ProviderEntry
from spacecall.errors import (
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    StatusError,
    UnavailableError,
)

__all__ = [
    "FALLBACK",
    "LIVE",
    "Attempt",
    "ModelChoice",
    "NoProviderError",
    "Provider",
    "ProvidersFailedError",
    "choose_providers",
    "read_providers",
    "split_model",
    "with_fallback",
]

T = TypeVar("T")

FALLBACK: Final = frozenset({402, 404, 429, 500, 502, 503, 504})
"""Statuses that make the next provider worth a try: no credits, unknown model, busy, broken."""

LIVE: Final = "live"
ACCOUNT_CHOICES: Final = frozenset({"auto", "preferred"})
"""Provider suffixes that mean the first live provider in the order of the account."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's offer to serve a model.

    Attributes:
        name: such as `fal-ai`; the first part of its paths at the router.
        model: the provider's own name of the model.
        task: such as `text-to-image` or `conversational`; an open set.
        status: `live`, `staging` or `error`; an open set.
        source: the model's id on the Hub.
        adapter: `lora` if the weights adapt a base model.
        weights: the path of those weights in the repository `source`.
    """

    name: str
    model: str
    task: str
    status: str = LIVE
    source: str = ""
    adapter: str | None = None
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """The model that a call requests, and its provider.

    Attributes:
        model: its id, with or without `:provider`.
        provider: wins over the provider after the colon.
        fallback: whether to try the next live provider after a status of `FALLBACK`.
        verbatim: whether another service than HF Inference gets `model` as it is: it may have
            colons in its names, and has no providers.

    Raises:
        InvalidInputError: an option is empty, or is not for another service.
    """

    model: str
    provider: str | None = None
    fallback: bool = False
    verbatim: bool = False

    def __post_init__(self) -> None:
        for option in ("model", "provider"):
            if getattr(self, option) == "":
                raise InvalidInputError(f"{option} is empty: leave it out, or pass a name")
        if self.verbatim and (self.provider is not None or self.fallback):
            option = "provider" if self.provider is not None else "fallback"
            raise InvalidInputError(
                f"{option}= is for HF Inference: another base_url does not take it"
            )

    @property
    def name(self) -> str:
        """The model's id alone."""
        return self.model if self.verbatim else split_model(self.model)[0]

    @property
    def requested_provider(self) -> str | None:
        """The requested provider; None for any."""
        return None if self.verbatim else self.provider or split_model(self.model)[1]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A provider that refused, and its error."""

    provider: str
    error: StatusError


class NoProviderError(NotFoundError):
    """No provider, or not the requested one, serves the model now.

    Attributes:
        model: its id.
        task: such as `text-to-image` or `conversational`.
        requested: the requested provider; None if any would do.
        live: the live providers that you can use, in the order of the account.
        unsupported: the live providers that spacecall does not support for this task.
    """

    def __init__(
        self,
        model: str,
        task: str,
        *,
        requested: str | None,
        live: Sequence[str],
        unsupported: Sequence[str] = (),
        reason: str,
    ) -> None:
        parts = [f"live now: {', '.join(live)}"] if live else []
        if unsupported:
            names = ", ".join(unsupported)
            parts.append(f"live, but not supported by spacecall for this task: {names}")
        choice = "; ".join(parts) or "no provider is live for it"
        super().__init__(f"{model} for {task}: {reason}; {choice}")
        self.model = model
        self.task = task
        self.requested = requested
        self.live = tuple(live)
        self.unsupported = tuple(unsupported)
        self.provider = requested


class ProvidersFailedError(UnavailableError):
    """Several providers were tried one after another, and each refused.

    Status, body and provider are those of the last attempt.

    Attributes:
        attempts: the providers and their errors, in the order of the attempts.
    """

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        last = attempts[-1].error
        reasons = "; ".join(f"{attempt.provider}: {attempt.error.message}" for attempt in attempts)
        super().__init__(f"every provider refused: {reasons}", status=last.status, body=last.body)
        self.attempts = tuple(attempts)
        self.provider = attempts[-1].provider
        waits = (attempt.error.retry_after for attempt in attempts)
        self.retry_after = min((wait for wait in waits if wait is not None), default=None)
        self.estimated_time = last.estimated_time


def read_providers(body: bytes | str, model: str) -> tuple[Provider, ...]:
    """Read the providers in the Hub's metadata of `model`, a dict by name or a list.

    An entry without a name, a status, a task or the provider's name of the model is useless and
    left out.

    Raises:
        ProtocolError: the body is not the metadata of a model.
    """
    try:
        mapping = MappedModel.model_validate_json(body).inferenceProviderMapping
    except ValidationError as error:
        raise ProtocolError(f"the Hub did not answer with the metadata of {model}") from error
    unnamed = (("", entry) for entry in mapping or ())
    entries: Iterable[tuple[str, Any]] = mapping.items() if isinstance(mapping, dict) else unnamed
    providers = (_read_provider(name, entry, model) for name, entry in entries)
    return tuple(provider for provider in providers if provider is not None)


def _read_provider(name: str, value: object, model: str) -> Provider | None:
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
    """Split `org/name:provider` into the model id and the provider."""
    name, _, suffix = model.partition(":")
    return name, suffix or None


def choose_providers(
    providers: Sequence[Provider],
    *,
    model: str,
    task: str,
    requested: str | None = None,
    supported: Collection[str] | None = None,
) -> list[Provider]:
    """Return the live providers for a task: the requested one first, then the others in order.

    A requested provider is believed to serve the model, also if the Hub's last check of it failed.

    Args:
        requested: a provider's name; None, `auto` and `preferred` for the first live one.
        supported: the providers that this client supports for the task; None for all.

    Raises:
        NoProviderError: the requested provider does not have this task, or none is live.
    """
    offers = [provider for provider in providers if provider.task == task]
    usable = [item for item in offers if supported is None or item.name in supported]
    unsupported = [item.name for item in offers if item not in usable and item.status == LIVE]
    live = [item for item in usable if item.status == LIVE or item.name == requested]
    names = [provider.name for provider in live]
    if requested is None or requested in ACCOUNT_CHOICES:
        if not live:
            reason = "no provider to ask"
            raise NoProviderError(
                model, task, requested=None, live=(), unsupported=unsupported, reason=reason
            )
        return live
    if requested not in names:
        reason = _explain_missing(requested, providers, supported)
        others = [name for name in unsupported if name != requested]
        raise NoProviderError(
            model, task, requested=requested, live=names, unsupported=others, reason=reason
        )
    return sorted(live, key=lambda provider: provider.name != requested)


def _explain_missing(
    name: str, providers: Sequence[Provider], supported: Collection[str] | None
) -> str:
    if supported is not None and name not in supported:
        return f"spacecall does not support {name} for this task"
    entries = [provider for provider in providers if provider.name == name]
    if entries:
        return f"{name} serves it for {entries[0].task} only"
    return f"{name} does not serve it"


async def with_fallback(
    providers: Sequence[Provider],
    attempt: Callable[[Provider, Settings], Awaitable[T]],
    settings: Settings,
) -> T:
    """Call `attempt` with each provider until one does not refuse with a status of `FALLBACK`.

    The wait of a `Retry-After` is skipped unless the provider is the last.

    Args:
        providers: at least one.
        attempt: makes the call, with a provider and the settings for it.

    Raises:
        ProvidersFailedError: there are several providers, and all refused.
        SpaceError: any other error of `attempt`, with a note for each provider that refused before.
    """
    failed: list[Attempt] = []
    without_waits = replace(settings, retry=replace(settings.retry, wait_max=0))
    for provider in providers:
        is_last = provider is providers[-1]
        try:
            return await attempt(provider, settings if is_last else without_waits)
        except StatusError as error:
            if error.status not in FALLBACK or len(providers) == 1:
                for refusal in failed:
                    error.add_note(f"tried before: {refusal.provider}: {refusal.error.message}")
                raise
            failed.append(Attempt(provider.name, error))
    raise ProvidersFailedError(failed) from failed[-1].error
