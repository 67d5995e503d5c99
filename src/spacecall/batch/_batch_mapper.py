"""Call for the rows of a batch in the actors of Ray Data."""

from __future__ import annotations

import pickle
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio

from spacecall.batch._actor_space import ActorSpace, OpenSpace, SpaceMapping
from spacecall.batch._call_coordinator import RowKey
from spacecall.batch._paced_calls import CallOutcome
from spacecall.batch._ray_actors import RemoteCoordinator
from spacecall.batch._row_arguments import LoadFiles, RowArguments
from spacecall.batch._row_files import InputRow, import_pyarrow, to_json_value
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, JobLostError, QuotaExceededError, SpaceError

_LOST: Final = "the outcome of the row is unknown, since the run or the node that called it ended"


@dataclass(frozen=True, slots=True)
class BatchCalls:
    """What the calls of a batch need.

    Attributes:
        arguments: of each row.
        load_files: opens the files that arguments name.
        describe_error: returns the members of an error in the output.
        results: the folder of the output.
        source: the address of the app.
    """

    arguments: RowArguments
    load_files: LoadFiles | None
    describe_error: Callable[[Exception], Mapping[str, Any]]
    results: Path
    source: str


class BatchMapper:
    """Calls for the rows of a batch, and writes the outcomes to its journal.

    Args:
        mapping: the calls.
        endpoint: the endpoint.
        coordinator: has the journal, see `JournalCoordinator`.
        calls: the arguments and records of the rows.
    """

    def __init__(
        self,
        mapping: SpaceMapping,
        endpoint: Endpoint,
        coordinator: RemoteCoordinator,
        calls: BatchCalls,
    ) -> None:
        self._coordinator = coordinator.handle
        self._rows = _BatchRows(coordinator.handle, calls)
        self._space = ActorSpace(mapping, endpoint, coordinator, calls.results)

    async def __call__(self, batch: Any) -> AsyncGenerator[Any, None]:
        """Yield for each row whether it has an outcome."""
        rows: list[InputRow] = [
            pickle.loads(data)  # noqa: S301 - `_read_blocks` has written it
            for data in batch.column("row").to_pylist()
        ]
        try:
            await self._space.open()
        except (SpaceError, OSError) as error:
            await self._coordinator.fail.remote(error)
            ended = [False] * len(rows)
        else:
            ended = await self._space.run(partial(self._rows.call, rows))
        pyarrow = import_pyarrow("pyarrow")
        yield pyarrow.table({"ended": pyarrow.array(ended, pyarrow.bool_())})


class _BatchRows:
    """The calls for rows. It does not refer to the mapper, whose end closes the Space.

    Args:
        coordinator: the handle of the actor with the journal.
        calls: the arguments and records of the rows.
    """

    def __init__(self, coordinator: Any, calls: BatchCalls) -> None:
        self._coordinator = coordinator
        self._calls = calls

    async def call(self, rows: Sequence[InputRow], opened: OpenSpace) -> list[bool]:
        """Call for rows; return for each whether it has an outcome."""
        ended = [False] * len(rows)

        async def call(index: int) -> None:
            ended[index] = await self._call(opened, rows[index])

        async with anyio.create_task_group() as group:
            for index in range(len(rows)):
                group.start_soon(call, index)
        return ended

    async def _call(self, opened: OpenSpace, row: InputRow) -> bool:
        """Call for a row, unless it has an outcome; return whether it has one then."""
        key = RowKey(row.number, row.digest)
        claim = await self._coordinator.claim.remote(key)
        if claim == "skip":
            return True
        if claim == "lost":
            record = self._describe(row, CallOutcome(None, JobLostError(_LOST), 1, 0.0))
            await self._coordinator.write.remote(key, "lost", record)
            return True
        try:
            arguments = self._calls.arguments.load(row, self._calls.load_files)
        except InvalidInputError as error:
            record = self._describe(row, CallOutcome(None, error, 1, 0.0))
            await self._coordinator.write.remote(key, "failed", record)
            return True
        outcome = await opened.caller.call(
            arguments, row=key, describe=partial(self._describe, row)
        )
        return outcome is not None and not isinstance(outcome.error, QuotaExceededError)

    def _describe(self, row: InputRow, outcome: CallOutcome) -> dict[str, Any]:
        record = self._calls.arguments.record(
            row,
            attempts=outcome.attempts,
            duration=outcome.duration,
            source=self._calls.source,
        )
        if outcome.error is None:
            record["value"] = to_json_value(outcome.value)
        else:
            record["error"] = dict(self._calls.describe_error(outcome.error))
        return record
