"""Compare the short names of models, and the providers of images, with the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from spacecall.errors import AuthError, NotFoundError, SpaceError
from spacecall.inference import IMAGE_PROVIDERS, HuggingFaceInference, Provider
from spacecall.models import HUB_IDS
from spacecall.options import Retry, Timeouts

__all__ = ["ModelCheck", "check_models"]

_SECONDS: Final = 30.0
"""How long the Hub may take for all models."""


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """The result of the comparison.

    Attributes:
        stale: why a name is stale, by the name.
        unsupported: providers that make images of these models, and that spacecall does not know.
        failure: why the Hub could not be asked; empty if it answered.
    """

    stale: dict[str, str]
    unsupported: tuple[str, ...] = ()
    failure: str = ""


async def check_models(token: str | None) -> ModelCheck:
    """Ask the Hub for the providers of each model that has a short name."""
    providers: dict[str, Sequence[Provider]] = {}
    stale: dict[str, str] = {}
    failures: list[str] = []

    async def check(hf: HuggingFaceInference, model: str) -> None:
        try:
            providers[model] = await hf.providers(model)
        except (NotFoundError, AuthError):
            stale[model] = f"the Hub does not have {model}, or does not show it"
        except SpaceError as error:
            failures.append(error.message)

    timeouts = Timeouts(connect=_SECONDS, request=_SECONDS)
    connection = HuggingFaceInference.connect(
        api_key=token, timeouts=timeouts, retry=Retry(attempts=1)
    )
    with anyio.move_on_after(_SECONDS) as scope:
        async with connection as hf, anyio.create_task_group() as group:
            for model in sorted(set(HUB_IDS.values())):
                group.start_soon(check, hf, model)
    if scope.cancelled_caught:
        failures.append(f"no answer within {_SECONDS:g} s")
    for model, offers in providers.items():
        if not any(offer.status == "live" for offer in offers):
            stale[model] = f"no provider runs {model}"
    painters = {
        offer.name
        for offers in providers.values()
        for offer in offers
        if offer.task == "text-to-image"
    }
    return ModelCheck(
        stale={name: stale[model] for name, model in HUB_IDS.items() if model in stale},
        unsupported=tuple(sorted(painters - set(IMAGE_PROVIDERS))),
        failure=failures[0] if failures else "",
    )
