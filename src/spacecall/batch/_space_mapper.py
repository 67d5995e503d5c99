"""The callable class that Ray Data runs in its actors: one Space in each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence, Set
from functools import partial
from typing import Any

import anyio

from spacecall.batch._actor_space import ActorSpace, OpenSpace, SpaceMapping
from spacecall.batch._arrow_types import ArrowColumn, error_type, json_column, value_column
from spacecall.batch._paced_calls import CallOutcome
from spacecall.batch._ray_actors import RemoteCoordinator
from spacecall.batch._row_arguments import default_error_record, file_parameters
from spacecall.batch._row_files import import_pyarrow, to_argument, to_json_value
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, JobCancelledError, SpaceError


class SpaceMapper:
    """Calls an endpoint for the rows of batches: a class for `Dataset.map_batches` of Ray Data.

    Use it with `batch_format="pyarrow"`. Each actor opens one Space, for its first batch, and
    closes it when the actor ends. The Space has an event loop of its own, because that of Ray Data
    waits for slow consumers.

    Args:
        mapping: the calls.
        endpoint: the endpoint, if it is known; otherwise its description is read from the app.
        coordinator: paces the calls of all actors; without it, each actor paces its own calls.
    """

    def __init__(
        self,
        mapping: SpaceMapping,
        endpoint: Endpoint | None = None,
        coordinator: RemoteCoordinator | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._calls = _TableCalls(mapping)
        self._space = ActorSpace(mapping, endpoint, coordinator)

    async def __call__(self, batch: Any) -> AsyncGenerator[Any, None]:
        """Yield the batch with a column of values and a column of errors.

        Raises:
            InvalidInputError: the batch lacks a column.
            SpaceError: a call failed, and `on_error` is "raise".
        """
        try:
            await self._space.open()
        except SpaceError as error:
            if self._endpoint is None or isinstance(error, InvalidInputError):
                raise
            outcomes = [_failed(error)] * batch.num_rows
            yield self._calls.add_columns(batch, self._endpoint, outcomes)
        else:
            yield await self._space.run(partial(self._calls.map, batch))

    def close(self) -> None:
        """Close the Space; calls that run are cancelled, on the server too."""
        self._space.close()


class _TableCalls:
    """The calls for the rows of tables.

    It does not refer to the mapper, whose end closes the Space.

    Args:
        mapping: the calls.
    """

    def __init__(self, mapping: SpaceMapping) -> None:
        self._mapping = mapping

    async def map(self, batch: Any, opened: OpenSpace) -> Any:
        """Call for the rows of a table, and return it with a column of values and of errors."""
        self._mapping.check_columns(opened.endpoint, batch.column_names)
        outcomes = await self._call_rows(opened, batch.to_pylist())
        return self.add_columns(batch, opened.endpoint, outcomes)

    async def _call_rows(
        self, opened: OpenSpace, rows: Sequence[Mapping[str, Any]]
    ) -> list[CallOutcome]:
        outcomes: dict[int, CallOutcome] = {}
        failures: list[Exception] = []
        names = file_parameters(opened.endpoint)

        async def call(index: int) -> None:
            try:
                arguments = self._bind(opened.endpoint, rows[index], names)
            except InvalidInputError as error:
                outcome: CallOutcome | None = _failed(error)
            else:
                outcome = await opened.caller.call(arguments)
            if outcome is None:
                outcome = _failed(JobCancelledError("no further calls are made"))
            if outcome.error is not None and self._mapping.on_error == "raise":
                failures.append(outcome.error)
                group.cancel_scope.cancel()
            outcomes[index] = outcome

        async with anyio.create_task_group() as group:
            for index in range(len(rows)):
                group.start_soon(call, index)
        if failures:
            raise failures[0]
        return [outcomes[index] for index in range(len(rows))]

    def _bind(
        self, endpoint: Endpoint, row: Mapping[str, Any], file_names: Set[str]
    ) -> dict[str, Any]:
        """Return the arguments of a row. `file_names` are the parameters that take files."""
        columns = self._mapping.columns
        return {
            parameter.name: to_argument(
                row[columns.get(parameter.name, parameter.name)],
                takes_files=parameter.name in file_names,
            )
            for parameter in endpoint.parameters
            if columns.get(parameter.name, parameter.name) in row
        }

    def add_columns(self, batch: Any, endpoint: Endpoint, outcomes: Sequence[CallOutcome]) -> Any:
        """Return a table with a column of values and of errors."""
        mapping = self._mapping
        column = json_column() if mapping.values == "json" else value_column(endpoint.returns)
        values: list[Any] = []
        errors: list[Mapping[str, Any] | None] = []
        for outcome in outcomes:
            value, error = _convert(column, outcome)
            if error is not None and mapping.on_error == "raise":
                raise error
            values.append(value)
            record = None if error is None else default_error_record(error)
            errors.append(record and {key: record.get(key) for key in ("type", "message", "code")})
        array = import_pyarrow("pyarrow").array
        with_values = batch.append_column(mapping.value_column, array(values, column.type))
        return with_values.append_column(mapping.error_column, array(errors, error_type()))


def _failed(error: Exception) -> CallOutcome:
    return CallOutcome(None, error, 0, 0.0)


def _convert(column: ArrowColumn, outcome: CallOutcome) -> tuple[Any, Exception | None]:
    if outcome.error is not None:
        return None, outcome.error
    pyarrow = import_pyarrow("pyarrow")
    try:
        value = column.convert(to_json_value(outcome.value))
        pyarrow.array([value], column.type)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError) as error:
        text = f"the value does not fit the endpoint's JSON Schema: {error}: pass values='json'"
        return None, InvalidInputError(text)
    return value, None
