"""`spacecall wait`: wait until a Space runs."""

from __future__ import annotations

from typing import Annotated

import typer

from spacecall.cli._outputs.terminal import write_message
from spacecall.cli._support.app_access import TokenOption, resolve_token
from spacecall.cli._support.async_runner import run_async
from spacecall.errors import InvalidInputError
from spacecall.hub import Hub, Stage

__all__ = ["wait"]


def wait(
    space: Annotated[
        str,
        typer.Argument(
            metavar="SPACE",
            help="A Space id (owner/name), or the address of its page.",
            show_default=False,
        ),
    ],
    *,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Give up after this time.")
    ] = 600.0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Hide the stages of the Space.")
    ] = False,
    token: TokenOption = "",
) -> None:
    """Wait until a Space runs and its app answers.

    The command wakes a sleeping Space, and writes each stage to stderr. It fails at once if the
    Space cannot start without its owner (paused, failed).
    """
    if not timeout > 0:
        raise InvalidInputError(f"--timeout must be more than 0 seconds, got {timeout:g}")
    hub_token = resolve_token(token)

    def show_stage(stage: Stage) -> None:
        if not quiet:
            write_message(stage)

    async def wait_for_space() -> None:
        async with Hub(hub_token.value if hub_token else "") as hub:
            await hub.wait_until_ready(space, timeout=timeout, on_stage=show_stage)

    run_async(wait_for_space)
