"""Build requests to the Hub's API of Spaces and parse its responses; nothing is sent here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from spacecall._core.gradio_requests import Request
from spacecall._problems import validation_problems
from spacecall._wire.hub.host import SpaceHost
from spacecall._wire.hub.jwt import SpaceJwt
from spacecall._wire.hub.quota import ZeroGpuQuota
from spacecall._wire.hub.space import SpaceDescription, SpaceRuntime
from spacecall.errors import ProtocolError, SpaceStateError

__all__ = ["Runtime", "SpaceInfo", "Stage", "ZeroGPUQuota"]

M = TypeVar("M", bound=BaseModel)


class Stage(StrEnum):
    """The stage of a Space. A stage that is not listed here keeps the Hub's name."""

    NO_APP_FILE = "NO_APP_FILE"
    CONFIG_ERROR = "CONFIG_ERROR"
    BUILDING = "BUILDING"
    BUILD_ERROR = "BUILD_ERROR"
    APP_STARTING = "APP_STARTING"
    RUNNING = "RUNNING"
    RUNNING_BUILDING = "RUNNING_BUILDING"
    RUNNING_APP_STARTING = "RUNNING_APP_STARTING"
    RUNTIME_ERROR = "RUNTIME_ERROR"
    SLEEPING = "SLEEPING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    DELETING = "DELETING"

    @classmethod
    def _missing_(cls, value: object) -> Stage | None:
        if not isinstance(value, str):
            return None
        stage = str.__new__(cls, value)
        stage._name_ = stage._value_ = value
        return stage

    def __reduce_ex__(self, _protocol: object) -> tuple[type[Stage], tuple[str]]:
        """Pickle by value, as of Python 3.11.4: before it by name, which a new stage has not."""
        return Stage, (str(self),)

    @property
    def runs(self) -> bool:
        """Whether the app can be called; during a rebuild, its previous version."""
        return self.startswith(Stage.RUNNING)

    @property
    def final(self) -> bool:
        """Whether the Space stays down until its owner acts."""
        return self in _FINAL


_FINAL: Final[dict[Stage, str]] = {
    Stage.NO_APP_FILE: "it has no app file; its author must add one",
    Stage.CONFIG_ERROR: "its author must correct the metadata in its README",
    Stage.BUILD_ERROR: "its build failed; its author finds the reason in the build log",
    Stage.RUNTIME_ERROR: "its app has crashed; its author finds the reason in the app log",
    Stage.PAUSED: "only its owner can restart it; ask the owner, or duplicate the Space",
    Stage.STOPPED: "only its owner can restart it; ask the owner, or duplicate the Space",
    Stage.DELETING: "it is being deleted",
}
_WAITING = "wait until it runs, with Hub.wait_until_ready or `spacecall wait`"


@dataclass(frozen=True, slots=True)
class Runtime:
    """The runtime of a Space.

    Attributes:
        stage: its current stage.
        hardware: the Hub's name of its hardware, such as `zero-a10g`; None while it does not run.
        requested_hardware: the hardware that its owner requested.
        replicas: the number of running copies of the app; None if the Hub does not send it.
        domains: the host names of the app.
        sha: the commit that runs.
        error: the last error message of its build or its app.
        sleep_after: seconds without a visit after which it sleeps; None for never.
    """

    stage: Stage
    hardware: str | None = None
    requested_hardware: str | None = None
    replicas: int | None = None
    domains: tuple[str, ...] = ()
    sha: str | None = None
    error: str | None = None
    sleep_after: float | None = None


@dataclass(frozen=True, slots=True)
class SpaceInfo:
    """The Hub's description of a Space.

    Attributes:
        id: `owner/name`.
        private: whether it is visible only to accounts with access.
        sdk: `gradio`, `docker`, `static`; None if it has no SDK yet.
        sdk_version: the Gradio version that its author requests.
        sha: its newest commit; `runtime.sha` is the running commit.
        runtime: its runtime; None if the Hub does not send it.
    """

    id: str
    private: bool = False
    sdk: str | None = None
    sdk_version: str | None = None
    sha: str | None = None
    runtime: Runtime | None = None


@dataclass(frozen=True, slots=True)
class ZeroGPUQuota:
    """The quota of GPU time of a user on ZeroGPU Spaces, in seconds.

    Attributes:
        total: the quota.
        remaining: the unused part of the quota.
        resets_at: when the quota is full again; None while it is unused.
        overquota_used: paid time beyond the quota.
    """

    total: float
    remaining: float
    resets_at: datetime | None = None
    overquota_used: float = 0.0


def host_request(name: str) -> Request:
    """Build the request for the address of the Space `owner/name`."""
    return Request("GET", f"/api/spaces/{quote(name)}/host")


def space_request(name: str) -> Request:
    """Build the request for the description of a Space."""
    return Request("GET", f"/api/spaces/{quote(name)}")


def runtime_request(name: str) -> Request:
    """Build the request for the runtime of a Space."""
    return Request("GET", f"/api/spaces/{quote(name)}/runtime")


def jwt_request(name: str, expiration: datetime) -> Request:
    """Build the request for a token that identifies the user to one Space until `expiration`."""
    until = expiration.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    query = {"expiration": until, "include_pro_status": "true"}
    return Request("GET", f"/api/spaces/{quote(name)}/jwt", query)


QUOTA_REQUEST = Request("GET", "/api/spaces/zero-gpu/quota")
WAKE_REQUEST = Request("GET", "/")
"""Wakes a sleeping Space; sent to the app's address."""


def parse_host(body: bytes) -> str:
    """Return the app's address. All parsers raise ProtocolError for an unexpected body."""
    return _read(SpaceHost, body).host


def parse_space(body: bytes) -> SpaceInfo:
    """Parse the response to `space_request`."""
    description = _read(SpaceDescription, body)
    version = description.cardData.sdk_version if description.cardData else None
    return SpaceInfo(
        id=description.id,
        private=description.private is True,
        sdk=description.sdk,
        sdk_version=None if version is None else str(version),
        sha=description.sha,
        runtime=_runtime(description.runtime) if description.runtime else None,
    )


def parse_runtime(body: bytes) -> Runtime:
    """Parse the response to `runtime_request`."""
    return _runtime(_read(SpaceRuntime, body))


def parse_jwt(body: bytes) -> str:
    """Parse the response to `jwt_request`: the token."""
    return _read(SpaceJwt, body).token


def parse_quota(body: bytes) -> ZeroGPUQuota:
    """Parse the response to `QUOTA_REQUEST`."""
    quota = _read(ZeroGpuQuota, body)
    try:
        resets_at = datetime.fromisoformat(quota.resetsAt) if quota.resetsAt else None
    except ValueError:
        resets_at = None
    return ZeroGPUQuota(quota.base, quota.current, resets_at, quota.overquotaUsed or 0.0)


def unavailable_error(name: str, runtime: Runtime, space: str | None = None) -> SpaceStateError:
    """Return the error for a Space that does not run.

    Args:
        name: `owner/name`.
        runtime: of the Space.
        space: the app's address, or None.
    """
    advice = _FINAL.get(runtime.stage, _WAITING)
    if runtime.stage is Stage.SLEEPING:
        advice = f"this visit wakes it; {_WAITING}"
    characters = (char if char.isprintable() else " " for char in runtime.error or "")
    words = "".join(characters).split()
    log = f" (it says: {' '.join(words)[-200:]})" if words else ""
    return SpaceStateError(
        f"{name} is {runtime.stage}: {advice}{log}", stage=runtime.stage.value, space=space
    )


def _runtime(runtime: SpaceRuntime) -> Runtime:
    hardware, replicas = runtime.hardware, runtime.replicas
    return Runtime(
        stage=Stage(runtime.stage),
        hardware=hardware.current if hardware else None,
        requested_hardware=hardware.requested if hardware else None,
        replicas=int(replicas.current) if replicas and replicas.current is not None else None,
        domains=tuple(entry.domain for entry in runtime.domains or ()),
        sha=runtime.sha,
        error=runtime.errorMessage,
        sleep_after=runtime.gcTimeout,
    )


def _read(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = validation_problems(error)[0]
    # Not chained: pydantic's error repeats the answer, which may hold a token.
    raise ProtocolError(f"the Hub did not answer with a {model.__name__}: {problem}")
