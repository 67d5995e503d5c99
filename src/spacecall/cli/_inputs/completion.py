"""Complete the endpoints of an app and their flags in the shell; each time, it asks the app.

Commands import this module: what only a completion needs is imported by its functions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import typer

from spacecall._client.calls.call_arguments import get_endpoint
from spacecall.cli._inputs.flags import endpoint_flags
from spacecall.cli._support.app_access import Credentials
from spacecall.errors import SpaceError

if TYPE_CHECKING:
    from spacecall.cli._support.app_overview import AppOverview

__all__ = ["complete_endpoint_names", "complete_flag_names", "complete_model_names"]

_TIMEOUT = 3.0
"""Seconds for the app; the shell is blocked meanwhile."""

# Shells evaluate completions: texts of an app must not contain characters that a shell interprets.
_SAFE_NAME = re.compile(r"[\w./-]+")
_UNSAFE_CHARACTER = re.compile(r"[^\w .,()/-]")


def complete_endpoint_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the endpoints that begin with `incomplete`, of the app on the command line."""
    app = _load_app(ctx)
    names = [name for name in app.endpoints if _SAFE_NAME.fullmatch(name)] if app else []
    return [name for name in names if name.startswith(incomplete)]


def complete_flag_names(
    ctx: typer.Context, incomplete: str, reserved: Collection[str]
) -> dict[str, str]:
    """Return the flags that begin with `incomplete`, of the endpoint on the command line.

    Args:
        ctx: the command line so far.
        incomplete: the beginning of the flag.
        reserved: the command's own options.

    Returns:
        The labels of the parameters, by flag.
    """
    from spacecall.codegen._literals import one_line  # noqa: PLC0415 - see above

    app = _load_app(ctx)
    try:
        endpoint = get_endpoint(app.endpoints, ctx.params.get("endpoint") or "") if app else None
    except SpaceError:
        return {}
    flags = endpoint_flags(endpoint, reserved) if endpoint else []
    labels = {name: flag.parameter.label for flag in flags for name in (flag.name, flag.negative)}
    return {
        name: _UNSAFE_CHARACTER.sub("", one_line(label))
        for name, label in labels.items()
        if _SAFE_NAME.fullmatch(name) and name.startswith(incomplete)
    }


def complete_model_names() -> list[str]:
    """Return the names of chat models: those on Spaces, and the aliases on HF Inference."""
    from spacecall.models import HUB_IDS, list_models  # noqa: PLC0415 - see above

    names = [name for model in list_models("chat") for name in model.names]
    image_names = {name for model in list_models("image") for name in model.names}
    aliases = [alias for alias in HUB_IDS if alias not in image_names]
    return list(dict.fromkeys([*names, *aliases]))


def _load_app(ctx: typer.Context) -> AppOverview | None:
    from spacecall.cli._support.app_overview import load_overview  # noqa: PLC0415 - see above

    source = ctx.params.get("source")
    if not source:
        return None
    try:
        credentials = Credentials.from_options(timeout=_TIMEOUT)
        if "SPACECALL_PASSWORD" not in os.environ:
            # A prompt for the password would break the line that is being completed.
            credentials = replace(credentials, user="", variables=())
        return anyio.run(load_overview, source, credentials.for_app(source))
    except (SpaceError, OSError):
        return None
