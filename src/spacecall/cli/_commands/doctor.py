"""`spacecall doctor`: what is installed, whether the Hub answers, whether there is a token."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Annotated, Literal, TypeAlias

import anyio
import typer
from rich.table import Table
from rich.text import Text

from spacecall._core.gradio_requests import Request
from spacecall._io._http import HTTP_PACKAGES
from spacecall._io.app_http_client import Link
from spacecall._io.client_factory import new_client
from spacecall._io.credentials import hub_endpoint
from spacecall._io.request_settings import Settings
from spacecall._version import __version__
from spacecall.cli._outputs.terminal import screen, show, write_json
from spacecall.cli._support.app_access import Token, TokenOption, find_token
from spacecall.cli._support.signals import run
from spacecall.errors import AuthError, InvalidInputError, SpaceError
from spacecall.options import Auth, Limits, Retry, Timeouts

__all__ = ["EXTRAS", "Finding", "doctor", "examine"]

Verdict: TypeAlias = Literal["ok", "missing", "failed"]

NEEDED = (*HTTP_PACKAGES, "pydantic", "anyio")
"""What spacecall itself needs."""

EXTRAS = {
    "cli": ("typer", "rich"),
    "codegen": ("datamodel-code-generator",),
    "cassettes": ("vcrpy",),
    "ws": ("wsproto",),
}
"""What each extra brings."""

_PATIENCE = 10.0
"""Seconds that the Hub has for its answer."""
_STYLES: dict[str, str] = {"ok": "green", "missing": "yellow", "failed": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of what was found.

    Attributes:
        about: what it is about, such as `httpx` or `Hub`.
        verdict: `missing` is no fault, `failed` is one.
        said: what was found, in words.
    """

    about: str
    verdict: Verdict
    said: str


def doctor(
    *,
    json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    token: TokenOption = "",
) -> None:
    """Tell what is installed, whether the Hub can be reached, and whether there is a token.

    HF_ENDPOINT is another address for the Hub. What is found does not change the exit code.
    """
    findings = examine(find_token(token))
    if json_:
        write_json({"findings": [asdict(one) for one in findings]}, indent=2)
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in findings:
        table.add_row(one.about, Text(one.verdict, _STYLES[one.verdict]), Text(one.said))
    show(screen(), table)


def examine(token: Token | None) -> Sequence[Finding]:
    """Look at everything; nothing that is wrong raises."""
    python = f"{platform.python_version()} on {platform.system()}, {sys.executable}"
    found = [Finding("spacecall", "ok", __version__), Finding("Python", "ok", python)]
    found += [_package(name) for name in NEEDED]
    for extra, names in EXTRAS.items():
        parts = [_package(name) for name in names]
        absent = [one.about for one in parts if one.verdict != "ok"]
        said = ", ".join(f"{one.about} {one.said}" for one in parts if one.verdict == "ok")
        if absent:
            said = f"no {', '.join(absent)}: pip install 'spacecall[{extra}]'"
        found.append(Finding(f"extra {extra}", "missing" if absent else "ok", said))
    hub, accepted = run(lambda: _hub(token))
    return [*found, hub, _token(token, accepted)]


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, "failed", "not installed")


async def _hub(token: Token | None) -> tuple[Finding, bool | None]:
    """Whether the Hub answers, and whether it accepts the token; None where that is not known."""
    try:
        address = hub_endpoint()
    except InvalidInputError as error:
        return Finding("Hub", "failed", error.message), None
    settings = Settings(
        timeouts=Timeouts(connect=_PATIENCE, idle=_PATIENCE), retry=Retry(attempts=1)
    )
    gate = anyio.Semaphore(Limits().max_concurrent_requests)
    try:
        with anyio.fail_after(_PATIENCE):
            async with new_client() as client:
                auth = Auth(token=token.value) if token else None
                link = Link(client, address, auth=auth, settings=settings, gate=gate)
                began = anyio.current_time()
                accepted = await _accepted(link)
                took = anyio.current_time() - began
    except SpaceError as error:
        return Finding("Hub", "failed", f"{address}: {error.message}"), None
    except ValueError as error:  # of a token that cannot be sent
        return Finding("Hub", "failed", str(error)), None
    except TimeoutError:
        return Finding("Hub", "failed", f"{address}: no answer within {_PATIENCE:g} s"), None
    return Finding("Hub", "ok", f"{address} answers, in {took * 1000:.0f} ms"), accepted


async def _accepted(link: Link) -> bool:
    """Ask who we are: without a token, or with a wrong one, the answer is 401."""
    try:
        await link.fetch(Request("GET", "/api/whoami-v2"))
    except AuthError:
        return False
    return True


def _token(token: Token | None, accepted: bool | None) -> Finding:  # noqa: FBT001
    if token is None:
        said = "none: set HF_TOKEN for private Spaces and for ZeroGPU quota of your own"
        return Finding("token", "missing", said)
    if accepted is None:
        return Finding("token", "ok", f"from {token.origin}; not tried, since the Hub is away")
    if not accepted:
        return Finding("token", "failed", f"from {token.origin}; the Hub refuses it")
    return Finding("token", "ok", f"from {token.origin}; the Hub accepts it")
