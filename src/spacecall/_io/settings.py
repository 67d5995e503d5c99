"""The options that a request is sent with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spacecall.options import Limits, Retry, Timeouts, check_header


@dataclass(frozen=True, slots=True)
class Settings:
    """What a Space was opened with, or a call overrides.

    Attributes:
        headers: sent to the app's own origin only; not in the repr, since they may be secret.
    """

    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: Retry = field(default_factory=Retry)
    limits: Limits = field(default_factory=Limits)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            check_header(name, value)

    def override(
        self,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Settings:
        """These settings with what is given changed; headers are added to those there are."""
        return replace(
            self,
            timeouts=timeouts or self.timeouts,
            retry=retry or self.retry,
            headers={**self.headers, **(headers or {})},
        )
