"""The actors of a map on Ray: the coordinator, and those that call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final
from uuid import uuid4

from spacecall.batch._call_coordinator import LEASE_SECONDS, CallCoordinator
from spacecall.errors import InvalidInputError

TASKS_PER_ACTOR: Final = 3
"""How many batches an actor works on at once, so that it has calls to make when one of them ends.
Ray Data sends it twice as many, and starts another actor if it has to wait."""

_MAX_WAITING: Final = 10_000
"""How many calls may wait for the coordinator at once."""


@dataclass(frozen=True, slots=True)
class ActorPool:
    """How many actors call, and what each of them does at once.

    Attributes:
        size: the number of actors, or the least and the most.
        per_actor: how many calls run at once in one actor.
        num_cpus: what each actor reserves.
    """

    size: int | tuple[int, int]
    per_actor: int
    num_cpus: float

    def __post_init__(self) -> None:
        least, most = self.bounds
        if not 1 <= least <= most:
            raise ValueError(
                f"concurrency must be a number of actors or (least, most), got {self.size!r}"
            )

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most actors."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


def import_ray(module: str = "ray") -> Any:
    """Import a module of Ray.

    Raises:
        InvalidInputError: Ray is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "Ray Data is not installed: pip install 'spacecall[ray]'"
        ) from error


@dataclass(frozen=True, slots=True)
class RemoteCoordinator:
    """A coordinator in an actor.

    Attributes:
        handle: of the actor.
        lease_seconds: of the coordinator.
    """

    handle: Any
    lease_seconds: float


def start_coordinator(
    coordinator_class: type[CallCoordinator],
    arguments: Mapping[str, Any],
    *,
    lease_seconds: float = LEASE_SECONDS,
) -> RemoteCoordinator:
    """Start a coordinator on the node of this process. It ends when nothing refers to it."""
    ray = import_ray()
    strategies = import_ray("ray.util.scheduling_strategies")
    node_id = ray.get_runtime_context().get_node_id()
    actor_class = ray.remote(coordinator_class).options(
        name=f"spacecall-{uuid4().hex[:12]}",
        num_cpus=0,
        max_concurrency=_MAX_WAITING,
        scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node_id, soft=False),
    )
    handle = actor_class.remote(**arguments, lease_seconds=lease_seconds)
    return RemoteCoordinator(handle, lease_seconds)


def map_batches(ds: Any, mapper_class: type[Any], arguments: Sequence[Any], pool: ActorPool) -> Any:
    """Return a dataset whose batches go through an instance of a class in each actor.

    Args:
        ds: a dataset of Ray Data.
        mapper_class: its instances take a `pyarrow.Table`.
        arguments: of the class.
        pool: the actors.
    """
    least, most = pool.bounds
    strategy = import_ray("ray.data").ActorPoolStrategy(
        min_size=least,
        max_size=most,
        max_concurrent_calls_per_actor=TASKS_PER_ACTOR,
    )
    # A block is the unit of work that an actor gets, and that is done again if its node fails.
    blocks = ds.repartition(target_num_rows_per_block=pool.per_actor)
    return blocks.map_batches(
        mapper_class,
        fn_constructor_args=tuple(arguments),
        batch_format="pyarrow",
        batch_size=None,
        compute=strategy,
        num_cpus=pool.num_cpus,
    )
