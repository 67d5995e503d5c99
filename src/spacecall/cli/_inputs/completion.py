"""What the shell completes: endpoints of an app, and their flags. The app is asked each time."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import replace

import anyio
import typer

from spacecall._client.calls.call_arguments import get_endpoint
from spacecall.cli._inputs.flags import flags_of
from spacecall.cli._support.app_access import Credentials
from spacecall.cli._support.describe_app import App, look
from spacecall.codegen._literals import one_line
from spacecall.errors import SpaceError

__all__ = ["endpoint_names", "flag_names"]

_PATIENCE = 3.0
"""Seconds; the shell stands still meanwhile."""

# Shells evaluate what they get: nothing that an app wrote may mean anything to them.
_PLAIN = re.compile(r"[\w./-]+")
_SPECIAL = re.compile(r"[^\w .,()/-]")


def endpoint_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """The endpoints that begin so, of the app that the command line names."""
    app = _app(ctx)
    names = [name for name in app.endpoints if _PLAIN.fullmatch(name)] if app else []
    return [name for name in names if name.startswith(incomplete)]


def flag_names(ctx: typer.Context, incomplete: str, taken: Collection[str]) -> dict[str, str]:
    """The flags that begin so, of the endpoint that the command line names, with their labels."""
    app = _app(ctx)
    try:
        endpoint = get_endpoint(app.endpoints, ctx.params.get("endpoint") or "") if app else None
    except SpaceError:
        return {}
    flags = flags_of(endpoint, taken) if endpoint else []
    spelled = {name: flag.parameter.label for flag in flags for name in (flag.name, flag.negative)}
    return {
        name: _SPECIAL.sub("", one_line(label))
        for name, label in spelled.items()
        if _PLAIN.fullmatch(name) and name.startswith(incomplete)
    }


def _app(ctx: typer.Context) -> App | None:
    source = ctx.params.get("source")
    if not source:
        return None
    try:
        credentials = Credentials.of(timeout=_PATIENCE)
        if "SPACECALL_PASSWORD" not in os.environ:
            # Nobody can be asked for a password in the middle of a line.
            credentials = replace(credentials, user="", variables=())
        return anyio.run(look, source, credentials.for_app(source))
    except (SpaceError, OSError):
        return None
