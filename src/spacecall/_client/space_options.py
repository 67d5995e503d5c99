"""The options of a Space, for those that open one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from spacecall._io._http import HttpClient
from spacecall._io.tls import ClientCertificate, Verify
from spacecall.hooks import Hooks
from spacecall.options import Auth, Limits, OnNewer, Retry, Timeouts


class SpaceOptions(TypedDict, total=False):
    """What `Space` takes besides its source; see there."""

    auth: Auth | None
    timeouts: Timeouts | None
    retry: Retry | None
    limits: Limits | None
    headers: Mapping[str, str] | None
    proxy: str | None
    http_client: HttpClient | None
    verify: Verify
    cert: ClientCertificate | None
    hooks: Hooks | None
    describe: bool
    on_newer: OnNewer
