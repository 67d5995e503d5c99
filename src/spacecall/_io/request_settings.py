"""The options of a Space that apply to its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ssl import SSLContext
from typing import Any, Unpack

from spacecall._event_data import EventData
from spacecall._io.credentials import MaskedHeaders
from spacecall._option_checks import check_options
from spacecall.hooks import Hooks
from spacecall.options import CallOptions, Limits, Retry, Timeouts, ZeroGPU, check_headers

JOIN_HEADERS = {"x-gradio-user": "api"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of a Space, or of a call that overrides some of them.

    Attributes:
        headers: sent to the app's origin only; not shown in the repr.
        zero_gpu: sent with joins only.
        call_api: whether jobs use the call API (`/call/…`).
        check: whether arguments are checked before they are sent.
        every_output: whether no event of a call is dropped.
        hooks: functions that are called as requests and calls go on; see `Hooks`.
        tls: the SSL context for the app's host; None for the default one.
        event_data, trigger_id, oauth_token, query_params: see `CallOptions`.
    """

    timeouts: Timeouts = field(default_factory=Timeouts)
    retry: Retry = field(default_factory=Retry)
    limits: Limits = field(default_factory=Limits)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    zero_gpu: ZeroGPU = field(default_factory=ZeroGPU)
    call_api: bool = False
    check: bool = True
    every_output: bool = False
    hooks: Hooks | None = None
    tls: SSLContext | None = field(default=None, repr=False)
    event_data: EventData | Mapping[str, Any] | None = None
    trigger_id: int | None = None
    oauth_token: str | None = field(default=None, repr=False)
    query_params: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        check_headers(self.headers)

    def join_headers(self) -> Mapping[str, str]:
        """Return the headers of a request that submits a job."""
        return MaskedHeaders({**JOIN_HEADERS, **self.zero_gpu.headers()})

    def override(self, **options: Unpack[CallOptions]) -> Settings:
        """Return a copy with some options changed. Headers are added.

        Raises:
            TypeError: an option is unknown, or not of its type.
        """
        check_options("with_options", options, CallOptions)
        call_api, check = options.get("call_api"), options.get("check")
        every_output = options.get("every_output")
        event_data, trigger_id = options.get("event_data"), options.get("trigger_id")
        oauth_token = options.get("oauth_token")
        return replace(
            self,
            timeouts=options.get("timeouts") or self.timeouts,
            retry=options.get("retry") or self.retry,
            headers={**self.headers, **(options.get("headers") or {})},
            zero_gpu=options.get("zero_gpu") or self.zero_gpu,
            call_api=self.call_api if call_api is None else call_api,
            check=self.check if check is None else check,
            every_output=self.every_output if every_output is None else every_output,
            event_data=self.event_data if event_data is None else event_data,
            trigger_id=self.trigger_id if trigger_id is None else trigger_id,
            oauth_token=self.oauth_token if oauth_token is None else oauth_token,
            query_params={**self.query_params, **(options.get("query_params") or {})},
        )
