"""`spacecall doctor`: check the installed packages, proxies, the access to the Hub, the token."""

from __future__ import annotations

import os
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
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.client_factory import create_client
from spacecall._io.credentials import hub_endpoint
from spacecall._io.proxies import EnvironmentProxy, environment_proxies
from spacecall._io.request_settings import Settings
from spacecall._version import __version__
from spacecall._visible import visible_line
from spacecall.cli._outputs.console import create_console, write_page
from spacecall.cli._outputs.terminal import write_json
from spacecall.cli._support.app_access import Token, TokenOption, resolve_token
from spacecall.cli._support.async_runner import run_async
from spacecall.errors import AuthError, InvalidInputError, SpaceError
from spacecall.models import HUB_IDS_DATE
from spacecall.options import Auth, Limits, Retry, Timeouts

__all__ = ["EXTRAS", "REQUIREMENTS", "CheckResult", "doctor", "run_checks"]

Status: TypeAlias = Literal["ok", "missing", "failed"]

REQUIREMENTS = (*HTTP_PACKAGES, "pydantic", "anyio")
"""The packages that spacecall requires."""

EXTRAS = {
    "cli": ("typer", "rich"),
    "codegen": ("datamodel-code-generator",),
    "cassettes": ("vcrpy",),
    "batch": ("pyarrow",),
    "ray": ("ray",),
    "ws": ("wsproto",),
}
"""The packages of each extra."""

_TIMEOUT = 10.0
"""Seconds for the answer of the Hub."""
_STYLES: dict[str, str] = {"ok": "green", "missing": "yellow", "failed": "red"}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check.

    Attributes:
        name: the subject of the check, such as `httpx` or `Hub`.
        status: `missing` means optional and absent; `failed` means broken.
        detail: a version, an address, or what to do.
    """

    name: str
    status: Status
    detail: str


def doctor(
    *,
    models: Annotated[
        bool,
        typer.Option("--models", help="Ask the Hub which short names of models are stale."),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    token: TokenOption = "",
) -> None:
    """Show installed packages, proxies, access to the Hub, and the token.

    Set HF_ENDPOINT for another address of the Hub. The exit code does not depend on the results.
    """
    resolved_token = resolve_token(token)
    results = [*run_checks(resolved_token), *(_check_models(resolved_token) if models else ())]
    if json_:
        write_json({"checks": [asdict(result) for result in results]}, indent=2)
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for result in results:
        status = Text(result.status, _STYLES[result.status])
        table.add_row(result.name, status, Text(result.detail))
    write_page(create_console(), table)


def run_checks(token: Token | None) -> Sequence[CheckResult]:
    """Run all checks; a failure is a result and raises nothing."""
    python = f"{platform.python_version()} on {platform.system()}, {sys.executable}"
    results = [CheckResult("spacecall", "ok", __version__), CheckResult("Python", "ok", python)]
    results += [_check_package(name) for name in REQUIREMENTS]
    results += [_check_extra(extra, names) for extra, names in EXTRAS.items()]
    results += _check_proxies()
    hub, token_accepted = run_async(lambda: _check_hub(token))
    return [*results, hub, _check_token(token, token_accepted)]


def _check_package(name: str) -> CheckResult:
    try:
        return CheckResult(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return CheckResult(name, "failed", "not installed")


def _check_extra(extra: str, names: Sequence[str]) -> CheckResult:
    packages = [_check_package(name) for name in names]
    missing = [package.name for package in packages if package.status != "ok"]
    if missing:
        detail = f"{', '.join(missing)} not installed: pip install 'spacecall[{extra}]'"
        return CheckResult(f"extra {extra}", "missing", detail)
    versions = ", ".join(f"{package.name} {package.detail}" for package in packages)
    return CheckResult(f"extra {extra}", "ok", versions)


def _check_proxies() -> list[CheckResult]:
    """Show the proxies of the environment; their passwords are not shown."""
    proxies = environment_proxies()
    if not proxies:
        return [CheckResult("proxy", "ok", "none: HTTPS_PROXY and HTTP_PROXY are not set")]
    results = [_check_proxy(proxy) for proxy in proxies]
    names = ("no_proxy", "NO_PROXY")
    if variable := next((name for name in names if os.environ.get(name)), ""):
        detail = visible_line(f"none for {os.environ[variable]} ({variable})")
        results.append(CheckResult("proxy", "ok", detail))
    return results


def _check_proxy(proxy: EnvironmentProxy) -> CheckResult:
    if not proxy.address:
        detail = f"{proxy.variable} is not a proxy URL: use http://host:port"
        return CheckResult("proxy", "failed", detail)
    requests = "all other requests" if proxy.scheme == "all" else f"{proxy.scheme} requests"
    detail = visible_line(f"{proxy.address} for {requests} ({proxy.variable})")
    return CheckResult("proxy", "ok", detail)


def _check_models(token: Token | None) -> list[CheckResult]:
    """Compare the short names of models, and the providers of images, with the Hub."""
    from spacecall.cli._support.model_check import check_models  # noqa: PLC0415 - loads inference
    from spacecall.inference._image_service import PROVIDERS_DATE  # noqa: PLC0415

    try:
        check = run_async(lambda: check_models(token.value if token else None))
    except (SpaceError, ValueError) as error:  # no address of a Hub, or no token that can be sent
        return [CheckResult("models", "failed", str(error))]
    results = [
        CheckResult(f"model {name}", "failed", f"stale since {HUB_IDS_DATE} or later: {reason}")
        for name, reason in check.stale.items()
    ]
    results += [
        CheckResult("provider", "missing", f"{visible_line(name)}: new since {PROVIDERS_DATE}")
        for name in check.unsupported
    ]
    if check.failure:
        results.append(CheckResult("models", "failed", f"not checked: {check.failure}"))
    elif not results:
        detail = f"names of {HUB_IDS_DATE} and providers of {PROVIDERS_DATE} are up to date"
        results.append(CheckResult("models", "ok", detail))
    return results


async def _check_hub(token: Token | None) -> tuple[CheckResult, bool | None]:
    """Check the Hub; also tell whether it accepts the token, or None if it does not answer."""
    try:
        address = hub_endpoint()
    except InvalidInputError as error:
        return CheckResult("Hub", "failed", error.message), None
    settings = Settings(timeouts=Timeouts(connect=_TIMEOUT, idle=_TIMEOUT), retry=Retry(attempts=1))
    limiter = anyio.Semaphore(Limits().max_concurrent_requests)
    try:
        with anyio.fail_after(_TIMEOUT):
            async with create_client() as client:
                auth = Auth(token=token.value) if token else None
                hub_client = AppHttpClient(
                    client, address, auth=auth, settings=settings, limiter=limiter
                )
                started_at = anyio.current_time()
                accepted = await _accepts_token(hub_client)
                seconds = anyio.current_time() - started_at
    except SpaceError as error:
        return CheckResult("Hub", "failed", f"{address}: {error.message}"), None
    except ValueError as error:  # the token cannot be sent
        return CheckResult("Hub", "failed", str(error)), None
    except TimeoutError:
        return CheckResult("Hub", "failed", f"{address}: no answer within {_TIMEOUT:g} s"), None
    return CheckResult("Hub", "ok", f"{address} answered in {seconds * 1000:.0f} ms"), accepted


async def _accepts_token(hub_client: AppHttpClient) -> bool:
    """Request the token's user: the Hub answers 401 without a token or with an invalid one."""
    try:
        await hub_client.fetch(Request("GET", "/api/whoami-v2"))
    except AuthError:
        return False
    return True


def _check_token(token: Token | None, accepted: bool | None) -> CheckResult:  # noqa: FBT001
    if token is None:
        detail = "not set: set HF_TOKEN for private Spaces and your own ZeroGPU quota"
        return CheckResult("token", "missing", detail)
    if accepted is None:
        detail = f"from {token.origin}; not checked, since the Hub does not answer"
        return CheckResult("token", "ok", detail)
    if not accepted:
        return CheckResult("token", "failed", f"from {token.origin}; the Hub rejects it")
    return CheckResult("token", "ok", f"from {token.origin}; the Hub accepts it")
