"""`spacecall wait`: until a Space runs."""

from __future__ import annotations

from typing import Annotated

import typer

from spacecall.cli._outputs.terminal import tell
from spacecall.cli._support.app_access import TokenOption, find_token
from spacecall.cli._support.signals import run
from spacecall.errors import InvalidInputError
from spacecall.hub import Hub, Stage

__all__ = ["wait"]


def wait(
    space: Annotated[
        str, typer.Argument(metavar="SPACE", help="owner/name, or its page.", show_default=False)
    ],
    *,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Give up after so long.")
    ] = 600.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not name its stages.")] = False,
    token: TokenOption = "",
) -> None:
    """Wait until a Space runs and its app answers; one that sleeps is woken.

    One that will not run by itself (paused, failed) is an error at once.
    """
    if not timeout > 0:
        raise InvalidInputError(f"--timeout must be more than 0 seconds, got {timeout:g}")
    found = find_token(token)

    def tell_stage(stage: Stage) -> None:
        if not quiet:
            tell(stage)

    async def work() -> None:
        async with Hub(found.value if found else "") as hub:
            await hub.wait_until_ready(space, timeout=timeout, on_stage=tell_stage)

    run(work)
