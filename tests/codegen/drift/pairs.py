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
    """What the app told: `config` and `info`, and `access` and `hardware` where they matter."""
    found: Mapping[str, Any] = json.loads((APPS / pair / f"{side}.json").read_text("utf-8"))
    return found


def app(pair: str, side: str) -> drift.AppModel:
    """One app of a pair, `before` or `after`."""
    return model(load(pair, side))


def model(told: Mapping[str, Any]) -> drift.AppModel:
    """The interface of an app by what it told."""
    facts = {key: told.get(key) for key in ("access", "hardware")}
    return drift.read_live_app(told["config"], told["info"], **facts)


def found(pair: str, *, backwards: bool = False) -> list[drift.Finding]:
    """What the comparison of a pair finds; the newer app is the pinned one if `backwards`."""
    sides = app(pair, "before"), app(pair, "after")
    return drift.compare_apps(*(reversed(sides) if backwards else sides))


def rules(findings: list[drift.Finding]) -> set[str]:
    """The ids of their rules."""
    return {one.rule for one in findings}
