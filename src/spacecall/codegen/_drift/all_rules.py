"""The table of all rules, by id."""

from __future__ import annotations

from collections.abc import Mapping

from spacecall.codegen._drift.app_rules import APP_RULES, ENDPOINT_RULES
from spacecall.codegen._drift.findings import SEVERITIES
from spacecall.codegen._drift.rule import Rule
from spacecall.codegen._drift.value_rules import OUTPUT_RULES, PARAMETER_RULES

__all__ = ["RULES", "rules_table"]

RULES: Mapping[str, Rule] = {
    rule.id: rule for rule in (*ENDPOINT_RULES, *PARAMETER_RULES, *OUTPUT_RULES, *APP_RULES)
}
"""All rules, in the order of the documentation."""


def rules_table() -> str:
    """Return the rules as a Markdown table, the most severe first."""
    lines = ["| rule | severity | what happened | example |", "|---|---|---|---|"]
    ranked = sorted(RULES.values(), key=lambda rule: SEVERITIES.index(rule.severity))
    for rule in ranked:
        cells = (f"`{rule.id}`", rule.severity, rule.title, rule.example)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "".join(f"{line}\n" for line in lines)
