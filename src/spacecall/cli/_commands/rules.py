"""`spacecall rules`: list and explain the rules of `spacecall check`."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from spacecall._suggestions import did_you_mean
from spacecall.cli._outputs.console import create_console
from spacecall.cli._outputs.terminal import write
from spacecall.codegen.drift import RULES, SEVERITIES, Rule
from spacecall.errors import InvalidInputError

__all__ = ["rules"]


def rules(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Explain this rule.",
            show_default=False,
            autocompletion=lambda: list(RULES),
        ),
    ] = "",
) -> None:
    """List the drift rules with their severities, or explain a rule."""
    if rule:
        write(_explain(_find_rule(rule), create_console().width))
        return
    ranked = sorted(RULES.values(), key=lambda entry: SEVERITIES.index(entry.severity))
    width = max(map(len, RULES))
    write("".join(f"{entry.severity:7}  {entry.id:{width}}  {entry.title}\n" for entry in ranked))


def _find_rule(rule: str) -> Rule:
    if rule not in RULES:
        hint = did_you_mean(rule, RULES, "spacecall rules lists all", count=3)
        raise InvalidInputError(f"unknown rule {rule!r}; {hint}")
    return RULES[rule]


def _explain(rule: Rule, width: int) -> str:
    parts = [
        rule.explanation,
        f"Example: {rule.example}",
        f"What to do: {rule.remedy}",
    ]
    body = [textwrap.fill(part, width, break_on_hyphens=False) for part in parts]
    return "\n\n".join([f"{rule.id} ({rule.severity})\n{rule.title}", *body]) + "\n"
