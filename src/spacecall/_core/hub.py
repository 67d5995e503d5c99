"""The Hub's API of Spaces: requests, and what its answers say. Nothing is sent here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from spacecall._core.requests import Request
from spacecall._problems import problems
from spacecall._wire.hub.host import SpaceHost
from spacecall._wire.hub.jwt import SpaceJwt
from spacecall._wire.hub.quota import ZeroGpuQuota
from spacecall._wire.hub.space import SpaceDescription, SpaceRuntime
from spacecall.errors import ProtocolError, SpaceStateError

__all__ = ["Runtime", "SpaceInfo", "Stage", "ZeroGPUQuota"]

M = TypeVar("M", bound=BaseModel)


class Stage(StrEnum):
    """How far a Space is. A stage that is not listed here is kept as the Hub calls it."""

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
        kept = str.__new__(cls, value)
        kept._name_ = kept._value_ = value
        return kept

    @property
    def runs(self) -> bool:
        """Whether the app can be called, if in the version before the one that is being built."""
        return self.startswith(Stage.RUNNING)

    @property
    def final(self) -> bool:
        """Whether the Space stays as it is, without running, until somebody does something."""
        return self in _FINAL


_FINAL: Final[dict[Stage, str]] = {
    Stage.NO_APP_FILE: "it has no app yet, which its author has to add",
    Stage.CONFIG_ERROR: "its author has to correct the head of its README",
    Stage.BUILD_ERROR: "it could not be built: its author finds the reason in the build's log",
    Stage.RUNTIME_ERROR: "its app has crashed: its author finds the reason in the app's log",
    Stage.PAUSED: "only its owner can start it again; ask there, or duplicate it",
    Stage.STOPPED: "only its owner can start it again; ask there, or duplicate it",
    Stage.DELETING: "it is going away",
}
_WAITING = "wait until it runs, with Hub.wait_until_ready or `spacecall wait`"


@dataclass(frozen=True, slots=True)
class Runtime:
    """How a Space runs.

    Attributes:
        stage: how far it is.
        hardware: the Hub's name of the machine that it runs on, such as `zero-a10g`; None while it
            runs on none.
        requested_hardware: the machine that it shall run on.
        replicas: how many copies of the app run, where the Hub says so.
        domains: the host names that the app answers to.
        sha: the commit that runs.
        error: what its build or its app said last, where it failed.
        sleep_after: seconds without a visit after which it goes to sleep; None for never.
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
    """A Space as the Hub knows it.

    Attributes:
        id: `owner/name`.
        private: whether only those whom its owner lets may see it.
        sdk: `gradio`, `docker`, `static`; None where it has none yet.
        sdk_version: of a Gradio Space, Gradio's version as its author asks for it.
        sha: its newest commit; `runtime.sha` is the one that runs.
        runtime: how it runs; None where the Hub does not say.
    """

    id: str
    private: bool = False
    sdk: str | None = None
    sdk_version: str | None = None
    sha: str | None = None
    runtime: Runtime | None = None


@dataclass(frozen=True, slots=True)
class ZeroGPUQuota:
    """The GPU time that a user has on ZeroGPU Spaces, in seconds.

    Attributes:
        total: the whole quota.
        remaining: what remains of it.
        resets_at: when it is whole again; None while nothing of it is used.
        overquota_used: what was used beyond it and is paid for.
    """

    total: float
    remaining: float
    resets_at: datetime | None = None
    overquota_used: float = 0.0


def host(name: str) -> Request:
    """Where the Space `owner/name` runs."""
    return Request("GET", f"/api/spaces/{quote(name)}/host")


def space(name: str) -> Request:
    """What the Hub knows of a Space."""
    return Request("GET", f"/api/spaces/{quote(name)}")


def runtime(name: str) -> Request:
    """How a Space runs."""
    return Request("GET", f"/api/spaces/{quote(name)}/runtime")


def jwt(name: str, expiration: datetime) -> Request:
    """A token that names its user to one Space until `expiration`."""
    until = expiration.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    query = {"expiration": until, "include_pro_status": "true"}
    return Request("GET", f"/api/spaces/{quote(name)}/jwt", query)


QUOTA = Request("GET", "/api/spaces/zero-gpu/quota")
VISIT = Request("GET", "/")
"""Wakes a sleeping Space; sent to its own address."""


def read_host(body: bytes) -> str:
    """The app's address. Readers raise ProtocolError for what is not the answer expected."""
    return _read(SpaceHost, body).host


def read_space(body: bytes) -> SpaceInfo:
    """The answer to `space`."""
    found = _read(SpaceDescription, body)
    version = found.cardData.sdk_version if found.cardData else None
    return SpaceInfo(
        id=found.id,
        private=found.private is True,
        sdk=found.sdk,
        sdk_version=None if version is None else str(version),
        sha=found.sha,
        runtime=_runtime(found.runtime) if found.runtime else None,
    )


def read_runtime(body: bytes) -> Runtime:
    """The answer to `runtime`."""
    return _runtime(_read(SpaceRuntime, body))


def read_jwt(body: bytes) -> str:
    """The token."""
    return _read(SpaceJwt, body).token


def read_quota(body: bytes) -> ZeroGPUQuota:
    """The answer to `QUOTA`."""
    found = _read(ZeroGpuQuota, body)
    try:
        resets_at = datetime.fromisoformat(found.resetsAt) if found.resetsAt else None
    except ValueError:
        resets_at = None
    return ZeroGPUQuota(found.base, found.current, resets_at, found.overquotaUsed or 0.0)


def state_error(name: str, found: Runtime, space: str | None = None) -> SpaceStateError:
    """What to raise about a Space that does not run.

    Args:
        name: `owner/name`.
        found: how it is.
        space: the app's address, where known.
    """
    advice = _FINAL.get(found.stage, _WAITING)
    if found.stage is Stage.SLEEPING:
        advice = f"this visit wakes it; {_WAITING}"
    error = "".join(one if one.isprintable() else " " for one in found.error or "").split()
    said = f" (it says: {' '.join(error)[-200:]})" if error else ""
    return SpaceStateError(
        f"{name} is {found.stage}: {advice}{said}", stage=found.stage.value, space=space
    )


def _runtime(found: SpaceRuntime) -> Runtime:
    hardware, replicas = found.hardware, found.replicas
    return Runtime(
        stage=Stage(found.stage),
        hardware=hardware.current if hardware else None,
        requested_hardware=hardware.requested if hardware else None,
        replicas=int(replicas.current) if replicas and replicas.current is not None else None,
        domains=tuple(one.domain for one in found.domains or ()),
        sha=found.sha,
        error=found.errorMessage,
        sleep_after=found.gcTimeout,
    )


def _read(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = problems(error)[0]
    # Not chained: pydantic's error repeats the answer, which may hold a token.
    raise ProtocolError(f"the Hub's answer is no {model.__name__}: {problem}")
