"""`spacecall rules`: what counts as drift."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from spacecall._suggestions import did_you_mean
from spacecall.cli._outputs.terminal import screen, write
from spacecall.codegen.drift import RULES, SEVERITIES, Rule
from spacecall.errors import InvalidInputError

__all__ = ["rules"]


def rules(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Explain this one.",
            show_default=False,
            autocompletion=lambda: list(RULES),
        ),
    ] = "",
) -> None:
    """List the rules of drift with their severities, or explain one."""
    if rule:
        write(_explained(_find(rule), screen().width))
        return
    ranked = sorted(RULES.values(), key=lambda one: SEVERITIES.index(one.severity))
    widest = max(map(len, RULES))
    write("".join(f"{one.severity:7}  {one.id:{widest}}  {one.title}\n" for one in ranked))


def _find(rule: str) -> Rule:
    if rule not in RULES:
        hint = did_you_mean(rule, RULES, "spacecall rules lists them", count=3)
        raise InvalidInputError(f"no rule is called {rule!r}; {hint}")
    return RULES[rule]


def _explained(rule: Rule, width: int) -> str:
    parts = [
        rule.explanation,
        f"Example: {rule.example}",
        f"The way out: {rule.remedy}",
    ]
    body = [textwrap.fill(part, width, break_on_hyphens=False) for part in parts]
    return "\n\n".join([f"{rule.id} ({rule.severity})\n{rule.title}", *body]) + "\n"
