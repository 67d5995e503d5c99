"""What a caller may choose: timeouts, retries, limits, credentials.

Frozen values; durations in seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypedDict

from spacecall._option_checks import checked_class

__all__ = ["Auth", "CallOptions", "FileHosts", "Limits", "Retry", "Timeouts", "ZeroGPU"]

FileHosts: TypeAlias = Literal["app", "public", "any"]
"""Where the files that an app names may be: at its own address, at public hosts too, or anywhere.
"""


_MAX_SECONDS = 10**9


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each phase of a call may take, in seconds; None for no limit.

    Attributes:
        open: to open a Space: the Hub's answers, the login, /config and /info, with their retries;
            and to read /info later, where a Space was opened without it.
        connect: to open a connection.
        request: one short request with its whole answer, however slowly that comes: a join, a
            cancel, a login, /config, /info, a request to the Hub; and the head of any other answer.
            The answer of a function that does not use the queue has `run`.
        upload: to upload the files of one call, all together.
        queue: from the join until the app starts to work on the job.
        run: from that start until the result.
        idle: without a sign of life on a stream, a download, or the answer to a short request.
            Gradio sends a heartbeat every 15 s: four are missed before a stream counts as dead.
        total: the whole call, from `await` to the result; reading /info is part of it where the
            Space has not done that yet. It holds for opening the Space, too.
        cancel: to tell the server that a job is cancelled, when a call is left early.
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
                raise ValueError(f"Timeouts.{name} must be at most 1e9 seconds: None has no limit")


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When to try again. Only what the server cannot have accepted is tried again.

    That is: a connection that could not be opened, a join answered by 429 or 503 with a
    `Retry-After`, a call whose shared stream broke before it was sent, and reads that change
    nothing (GET).

    Attributes:
        attempts: tries in all; 1 for no second one.
        wait_initial: seconds before the second try; doubled for each further one.
        wait_max: the longest wait in seconds. A longer `Retry-After` is not waited for: the
            error is raised at once.
        jitter: the part of a wait that is random, from 0 to 1.
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
        if not (min(self.wait_initial, self.wait_max, self.resubmit_lost) >= 0):
            raise ValueError("Retry.wait_initial, wait_max and resubmit_lost must not be negative")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"Retry.jitter must be from 0 to 1, got {self.jitter!r}")


@checked_class
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one Space may take from this process.

    Attributes:
        max_streams: streams that calls without State share. Each stream carries any number of
            jobs; a lost stream takes only its own jobs with it.
        max_concurrent_requests: short requests (joins, cancels) in flight at once, and as many
            calls that do not use the queue's stream: calls of functions without a queue, and calls
            with `call_api=True`.
        max_buffered_events: events kept for a consumer that is slower than the app. Newer
            snapshots replace older ones; the oldest log lines are dropped first; results and errors
            stay.
        max_early_messages: messages kept per stream for jobs whose join is not answered yet.
        max_event_bytes: bytes of one event of a stream, of one message of a websocket, and of the
            value that a stream's edits build up.
        max_body_bytes: decompressed bytes of a response that is read whole (/config, /info,
            results).
        max_buffered_bytes: bytes of the messages that a job's buffered events were made from. Over
            it, events are dropped as they are over `max_buffered_events`.
        max_early_bytes: bytes of the messages that `max_early_messages` counts, per stream.
        file_hosts: where a file may be that the app names: `public` for its own address and public
            hosts, `app` for its own address alone, `any` for every address. With `public`, a
            loopback, link-local, private or reserved address is allowed only if the app itself is
            at an address of that kind. Checked for the URL, after each redirect, and after DNS.

    A byte of JSON can become 35 bytes of Python objects: a hostile answer of 32 MiB costs about
    1 GiB while it is read. Raise `max_event_bytes` or `max_body_bytes` for an app with larger
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
    """Credentials. They are in no repr, log or error message.

    Attributes:
        token: sent as a bearer token to Hugging Face hosts and to `hosts`, to no other.
        username: with `password`, for an app that was launched with `auth=`.
        password: see `username`.
        hosts: further hosts that may see the token, such as `apps.example.com`.
    """

    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()

    def __init__(
        self,
        *,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        hosts: Iterable[str] = (),
    ) -> None:
        if (username is None) != (password is None):
            raise ValueError("Auth takes username and password together")
        hosts = tuple(hosts)
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(f"Auth.hosts takes names such as apps.example.com, got {host!r}")
        if token is not None:
            check_header("authorization", token, "Auth.token")
        object.__setattr__(self, "token", token)
        object.__setattr__(self, "username", username)
        object.__setattr__(self, "password", password)
        object.__setattr__(self, "hosts", frozenset(host.lower() for host in hosts))


@checked_class
@dataclass(frozen=True, slots=True)
class ZeroGPU:
    """On whose quota of ZeroGPU a call runs: sent when the call joins the queue, and never else.

    Attributes:
        token: of the user, as `x-zerogpu-token`; in no repr.
        uuid: of an anonymous visitor, as `x-zerogpu-uuid`; in no repr.
        ip_token: what a Space was itself given as `x-ip-token`, when it calls another for its user.
    """

    token: str | None = field(default=None, repr=False)
    uuid: str | None = field(default=None, repr=False)
    ip_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, value in self.headers().items():
            check_header(name, value, f"ZeroGPU: {name}")

    def headers(self) -> dict[str, str]:
        """The headers of a join."""
        named = {
            "x-zerogpu-token": self.token,
            "x-zerogpu-uuid": self.uuid,
            "x-ip-token": self.ip_token,
        }
        return {name: value for name, value in named.items() if value is not None}


class CallOptions(TypedDict, total=False):
    """What `with_options` takes. What is None or not given stays as it is.

    Attributes:
        timeouts: see `Timeouts`; `idle` of streams stays the Space's.
        retry: see `Retry`.
        headers: added to those of the Space; they go to the app only.
        zero_gpu: see `ZeroGPU`.
        call_api: whether calls go over Gradio's simple call API (4.21 and later): each on a session
            and a stream of its own, with whole values. It tells no place in the queue, progress or
            logs, and before Gradio 6 no app's error; `Timeouts.run` holds for the queue too.
            Calls of a session, and detached ones, cannot go over it.
        check: whether arguments are checked before anything is sent; True by default. Without it
            whatever JSON can carry is sent, and files are uploaded where the app's schema has them.
    """

    timeouts: Timeouts | None
    retry: Retry | None
    headers: Mapping[str, str] | None
    zero_gpu: ZeroGPU | None
    call_api: bool | None
    check: bool | None


# No scheme, port, path or user: the token goes to a host by its name. IPv6 has colons.
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-encoding", "content-length", "content-type"}
    | {"expect", "host", "if-range", "keep-alive", "range", "te", "trailer", "transfer-encoding"}
    | {"upgrade"}
)
"""Say what one request carries and how, so that no option can set them for all requests."""
_HEADER_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")


def check_header(name: str, value: str, what: str | None = None) -> None:
    """Refuse what no HTTP header can carry, without repeating the value: it may be secret.

    Args:
        name: of the header.
        value: of the header.
        what: stands for both in the message.

    Raises:
        TypeError: the value is no text.
        ValueError: the name or the value has a character that cannot be sent, such as a line end.
    """
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{what or f'the header {name!r}'} must be a str")
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a header")
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError(
            f"{what or f'the header {name!r}'} has a line end, a space around it, "
            "or another character that cannot be sent"
        )


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers that cannot go with every request.

    Raises:
        TypeError, ValueError: as `check_header`; ValueError also for a header that belongs to each
            request, such as Content-Type.
    """
    for name, value in headers.items():
        check_header(name, value)
        lower = name.lower()
        if lower in _REQUEST_HEADERS or lower.startswith("sec-websocket-"):
            raise ValueError(
                f"the header {name!r} belongs to each request, which sets its own: leave it out"
            )
