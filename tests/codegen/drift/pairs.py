"""Pairs of real apps, before and after a change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacecall.codegen import drift

APPS = Path(__file__).resolve().parent / "apps"
PAIRS = sorted(path.name for path in APPS.iterdir() if path.is_dir())


def load(pair: str, side: str) -> Mapping[str, Any]:
    """Load the documents of one app of a pair: `config` and `info`, `access` and `hardware` if
    needed.
    """
    documents: Mapping[str, Any] = json.loads((APPS / pair / f"{side}.json").read_text("utf-8"))
    return documents


def app(pair: str, side: str) -> drift.AppModel:
    """Read one app of a pair, `before` or `after`."""
    return model(load(pair, side))


def model(documents: Mapping[str, Any]) -> drift.AppModel:
    """Read an app's model from its documents."""
    facts = {key: documents.get(key) for key in ("access", "hardware")}
    return drift.read_live_app(documents["config"], documents["info"], **facts)


def find_drift(pair: str, *, backwards: bool = False) -> list[drift.Finding]:
    """Compare a pair of apps; with `backwards`, the newer app is the pinned one."""
    sides = app(pair, "before"), app(pair, "after")
    return drift.compare_apps(*(reversed(sides) if backwards else sides))


def rules(findings: list[drift.Finding]) -> set[str]:
    """Return the ids of the findings' rules."""
    return {finding.rule for finding in findings}
