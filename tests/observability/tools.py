"""Records and hooks, collected."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import pytest

from spacecall import Hooks


def records(caplog: pytest.LogCaptureFixture, level: int = logging.DEBUG) -> list[Any]:
    """Return the records of spacecall of a level, in order."""
    return [
        record
        for record in caplog.records
        if record.levelno == level and record.name.startswith("spacecall")
    ]


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.DEBUG) -> list[str]:
    """Return the messages of a level, without ids, addresses and durations."""
    return [normalise(record.getMessage()) for record in records(caplog, level)]


def normalise(message: str) -> str:
    """Return a message without what differs from run to run."""
    message = re.sub(r"http://127\.0\.0\.1:\d+", "APP", message)
    message = re.sub(r"\d+\.\d\d\d? s", "T s", message)
    return re.sub(r"\[call [0-9a-f]{16}\]", "[call ID]", message)


@dataclass
class Recorder:
    """Hooks that keep what they are called with."""

    events: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def hooks(self) -> Hooks:
        """Return hooks for everything."""

        return Hooks(**{hook.name: partial(self._keep, hook.name) for hook in fields(Hooks)})

    def _keep(self, name: str, details: object) -> None:
        self.events.append((name, details))

    def names(self) -> list[str]:
        """Return which hooks were called, in order."""
        return [name for name, _ in self.events]

    def of(self, *names: str) -> Sequence[Any]:
        """Return the details of some hooks."""
        return [details for name, details in self.events if name in names]
