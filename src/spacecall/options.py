"""Options of Spaces and calls: timeouts, retries, limits, credentials.

Frozen values, with durations in seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypedDict

from spacecall._event_data import EventData
from spacecall._option_checks import checked_class

__all__ = ["Auth", "CallOptions", "FileHosts", "Limits", "OnNewer", "Retry", "Timeouts", "ZeroGPU"]

OnNewer: TypeAlias = Literal["warn", "raise"]
"""What happens if an app announces a protocol that is not known: a `NewerProtocolWarning`, or an
`UnsupportedProtocolError`."""

FileHosts: TypeAlias = Literal["app", "public", "any"]
"""The hosts from which an app's files may be fetched: its own, public hosts too, or any."""


_MAX_SECONDS = 10**9


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The time limit of each phase of a call, in seconds; None for no limit.

    Attributes:
        open: to open a Space: requests to the Hub, the login, /config and /info, with retries; and
            to read /info later, if a Space was opened without it.
        connect: to open a connection.
        request: one short request with its complete response: a join, a cancel, a login, /config,
            /info, a request to the Hub; and the headers of any other response. For the response of
            a function without a queue, `run` applies.
        upload: to upload all files of one call.
        queue: from the join until the app starts the job.
        run: from that start until the result.
        idle: without any data on a stream, a download, or the response to a short request. Gradio
            sends a heartbeat every 15 s: a stream counts as dead after four missing ones.
        total: the complete call, from `await` to the result, including reading /info if the Space
            has not done so. It also limits opening the Space.
        cancel: to cancel a job on the server, when a call is left early.
    """

    open: float | None = 120.0
    connect: float | None = 10.0
    request: float | None = 120.0
    upload: float | None = 600.0
    queue: float | None = 1800.0
    run: float | None = 3600.0
    idle: float | None = 60.0
    total: float | None = None
    cancel: float = 3.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Timeouts.{name} must be more than 0 seconds, got {value!r}")
            if value is not None and _MAX_SECONDS < value < math.inf:
                raise ValueError(
                    f"Timeouts.{name} must be at most 1e9 seconds: pass None for no limit"
                )


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When to retry. A request that the server may have accepted is not retried.

    These are retried: a connection that could not be opened, a join answered by 429 or 503 with a
    `Retry-After`, a call whose shared stream broke before the call was sent, and GET requests.

    Attributes:
        attempts: the number of attempts; 1 for no retry.
        wait_initial: seconds before the second attempt; doubled before each further one.
        wait_max: the longest wait in seconds. If `Retry-After` is longer, the error is raised at
            once.
        jitter: the random part of a wait, from 0 to 1.
        resubmit_lost: how often a job whose stream was lost is submitted again. The app may run
            such a job twice, so the default is 0.
    """

    attempts: int = 3
    wait_initial: float = 0.25
    wait_max: float = 30.0
    jitter: float = 0.5
    resubmit_lost: int = 0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"Retry.attempts must be at least 1, got {self.attempts!r}")
        for name in ("wait_initial", "wait_max", "resubmit_lost"):
            value: float = getattr(self, name)
            if not value >= 0:  # NaN is not
                raise ValueError(f"Retry.{name} must be at least 0, got {value!r}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"Retry.jitter must be from 0 to 1, got {self.jitter!r}")


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of the resources that one Space may use in this process.

    Downloads are not limited here: see `File.read` and `File.save` (`max_bytes`).

    Attributes:
        max_streams: streams that calls without State share. A stream serves any number of jobs; if
            it is lost, only its own jobs are affected. Up to that number, a call has a stream of
            its own, and quick calls of `map` are four on a stream.
        max_concurrent_requests: concurrent short requests (joins, cancels), and as many concurrent
            calls without the queue's stream: of functions without a queue, and with
            `call_api=True`.
        max_buffered_events: events stored for a consumer that is slower than the app. Beyond it,
            newer outputs replace older ones, then the oldest log lines are dropped; results and
            errors stay.
        max_early_messages: messages stored per stream for jobs whose join is not answered yet.
        max_event_bytes: bytes of one event of a stream, of one message of a WebSocket, and of the
            value that a stream's edits build.
        max_body_bytes: decompressed bytes of a response that is not streamed (/config, /info,
            results).
        max_buffered_bytes: bytes of the messages that a job's buffered events were parsed from.
            Beyond it, events are dropped as beyond `max_buffered_events`.
        max_early_bytes: bytes of the early messages of a stream.
        file_hosts: the hosts of files in an app's response: `public` for the app's own address and
            public hosts, `app` for its own address only, `any` for every address. With `public`, a
            loopback, link-local, private or reserved address is allowed only if the app itself has
            an address of that kind. Checked for the URL, after each redirect, and after DNS.

    A byte of JSON can become 35 bytes of Python objects: a hostile response of 32 MiB needs about
    1 GiB while it is parsed. Raise `max_event_bytes` or `max_body_bytes` for an app with larger
    values, such as media in its messages (Gradio 3).
    """

    max_streams: int = 16
    max_concurrent_requests: int = 32
    max_buffered_events: int = 256
    max_early_messages: int = 1024
    max_event_bytes: int = 32 * 2**20
    max_body_bytes: int = 32 * 2**20
    max_buffered_bytes: int = 64 * 2**20
    max_early_bytes: int = 32 * 2**20
    file_hosts: FileHosts = "public"

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if name != "file_hosts" and getattr(self, name) < 1:
                raise ValueError(f"Limits.{name} must be at least 1, got {getattr(self, name)!r}")


@checked_class
@dataclass(frozen=True, slots=True)
class Auth:
    """Credentials. They do not appear in reprs, logs or error messages.

    Attributes:
        token: the bearer token, sent only to Hugging Face hosts and to `hosts`.
        username: the user of an app that was launched with `auth=`.
        password: the password of that user.
        hosts: further hosts that receive the token, such as `apps.example.com`.
        cookies: of a login in a browser, by name, sent only to the app. For an app with a login by
            Hugging Face (`gr.LoginButton`) it is the cookie `session`.
    """

    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False, hash=False)

    def __init__(
        self,
        *,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        hosts: Iterable[str] = (),
        cookies: Mapping[str, str] | None = None,
    ) -> None:
        if (username is None) != (password is None):
            raise ValueError("Auth needs both username and password: pass the missing one")
        hosts = tuple(hosts)
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(
                    f"invalid host {host!r} in Auth.hosts: write a name such as apps.example.com"
                )
        if token is not None:
            check_header("authorization", token, "Auth.token")
        cookies = dict(cookies or {})
        for name, cookie in cookies.items():
            check_cookie(name, cookie, f"the cookie {name!r} of Auth.cookies")
        object.__setattr__(self, "token", token)
        object.__setattr__(self, "username", username)
        object.__setattr__(self, "password", password)
        object.__setattr__(self, "hosts", frozenset(host.lower() for host in hosts))
        object.__setattr__(self, "cookies", cookies)


@checked_class
@dataclass(frozen=True, slots=True)
class ZeroGPU:
    """The user whose ZeroGPU quota a call uses. It is sent only when the call joins the queue.

    Attributes:
        token: the user's token, sent as `x-zerogpu-token`; not in the repr.
        uuid: the id of an anonymous visitor, sent as `x-zerogpu-uuid`; not in the repr.
        ip_token: the `x-ip-token` header that a Space received, to call another Space for its user.
    """

    token: str | None = field(default=None, repr=False)
    uuid: str | None = field(default=None, repr=False)
    ip_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, value in self.headers().items():
            check_header(name, value, f"ZeroGPU: {name}")

    def headers(self) -> dict[str, str]:
        """Return the headers of a join request."""
        headers = {
            "x-zerogpu-token": self.token,
            "x-zerogpu-uuid": self.uuid,
            "x-ip-token": self.ip_token,
        }
        return {name: value for name, value in headers.items() if value is not None}


class CallOptions(TypedDict, total=False):
    """The options of `with_options`. An option that is None or missing is not changed.

    Attributes:
        timeouts: see `Timeouts`; `idle` of streams stays that of the Space.
        retry: see `Retry`.
        headers: headers in addition to those of the Space, sent only to the app.
        zero_gpu: see `ZeroGPU`.
        call_api: whether calls use Gradio's /call API (4.21 and later): each call has a session
            and a stream of its own, and gets complete values. The API sends no queue position,
            progress or logs, and before Gradio 6 no errors; `Timeouts.run` includes the queue.
            Calls of a session and detached calls cannot use it.
        check: whether arguments are checked before anything is sent; True by default. Without the
            check all JSON values are sent, and files are uploaded where the app's schema has them.
        every_output: whether every event of a call is stored until you read it, so that no output
            is lost if you read more slowly than the app sends; False by default. If more than
            `Limits.max_buffered_bytes` wait, the call ends with a `BufferFullError`.
        event_data: the details of an event on the app's page, for functions that read them
            (`Endpoint.event_data`): of `spacecall.event_data`, or the JSON object of another event.
        trigger_id: the id in `Space.config` of the component of that event, which the function
            gets as `event.target`; by default the one whose events run the function.
        oauth_token: the token of a Hugging Face user for whom the app acts. The app can read it and
            do with it what the token allows. It is sent only to functions that ask for one
            (`Endpoint.oauth`), over https or to this machine, or to a host of `Auth.hosts`. If it
            is missing, an app whose host is one of `Auth.hosts` gets `Auth.token`. An empty text
            sends no token, not even that of a view.
        query_params: names and values that the function reads as `gr.Request.query_params`.
    """

    timeouts: Timeouts | None
    retry: Retry | None
    headers: Mapping[str, str] | None
    zero_gpu: ZeroGPU | None
    call_api: bool | None
    check: bool | None
    every_output: bool | None
    event_data: EventData | Mapping[str, Any] | None
    trigger_id: int | None
    oauth_token: str | None
    query_params: Mapping[str, str] | None


# No scheme, port, path or user: the token is sent by host name. IPv6 has colons.
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-encoding", "content-length", "content-type"}
    | {"expect", "host", "if-range", "keep-alive", "range", "te", "trailer", "transfer-encoding"}
    | {"upgrade"}
)
"""Headers that describe a single request, so that no option can set them for all requests."""
_HEADER_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")


def check_header(name: str, value: str, label: str | None = None) -> None:
    """Check that HTTP can send a header. The value is not in messages: it may be secret.

    Args:
        name: the name of the header.
        value: the value of the header.
        label: the name of the option in the message; by default the header's name.

    Raises:
        TypeError: the value is not a string.
        ValueError: the name or the value has a character that HTTP cannot send, such as a line end.
    """
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{label or f'the header {name!r}'} must be a str")
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a valid header name: use letters, digits and hyphens")
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError(
            f"{label or f'the header {name!r}'} has a line end, a space around it, "
            "or another character that cannot be sent: remove it"
        )


def check_cookie(name: str, value: str, label: str) -> None:
    """Check that a value is that of one cookie; see `check_header`.

    Raises:
        TypeError, ValueError: see `check_header`; ValueError also for a value with a semicolon.
    """
    check_header(name, value, label)
    if ";" in value:
        raise ValueError(f"{label} has a semicolon, which ends a cookie: quote or encode it")


def check_headers(headers: Mapping[str, str]) -> None:
    """Check headers that are sent with every request.

    Raises:
        TypeError, ValueError: see `check_header`; ValueError also for a header that each request
            sets itself, such as Content-Type.
    """
    for name, value in headers.items():
        check_header(name, value)
        lower = name.lower()
        if lower in _REQUEST_HEADERS or lower.startswith("sec-websocket-"):
            raise ValueError(f"the header {name!r} is set by each request itself: leave it out")
