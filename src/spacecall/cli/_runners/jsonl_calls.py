"""Many calls, one for each line of stdin; their results in the order of the lines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias, cast

import anyio
from anyio.abc import ObjectSendStream, TaskGroup

from spacecall._core.json_values import describe_error
from spacecall.cli._inputs.flag_values import unique_keys
from spacecall.cli._outputs.terminal import as_json, write
from spacecall.cli._support.exit_codes import DONE, FAILED, ReaderGoneError, status_of
from spacecall.errors import AppError, InvalidInputError, SpaceError

__all__ = ["call_lines", "error_object"]

_Result: TypeAlias = dict[str, Any]
_MakeCall: TypeAlias = Callable[[dict[str, Any]], Awaitable[Any]]

_AHEAD = 4
"""Lines read for each call under way, so that one slow call does not hold the others up at once."""


async def call_lines(lines: AsyncIterator[bytes], make_call: _MakeCall, *, jobs: int) -> int:
    """Make a call for each line, and write a line for each result, in order.

    Args:
        lines: JSON objects with arguments; blank lines are skipped.
        make_call: from arguments to what is printed as `value`.
        jobs: calls under way at once.

    Returns:
        The exit code: whether each call gave a value.

    Raises:
        ReaderGoneError: nobody reads the results any more; the calls under way are cancelled.
    """
    at_once = anyio.Semaphore(jobs)
    send, receive = anyio.create_memory_object_stream[_Pending](jobs * _AHEAD)
    failed = False
    gone: ReaderGoneError | None = None
    async with anyio.create_task_group() as group, receive:
        group.start_soon(_read, lines, send, make_call, at_once, group)
        async for pending in receive:
            await pending.done.wait()
            failed = failed or pending.failed
            try:
                write(pending.text + "\n")
            except ReaderGoneError as error:
                gone = error
                group.cancel_scope.cancel()
    if gone is not None:
        raise gone
    return FAILED if failed else DONE


class _Pending:
    """A line whose call is under way."""

    def __init__(self, number: int) -> None:
        self.done = anyio.Event()
        self.failed = False
        self.text = ""
        self._number = number

    async def work(self, line: bytes, make_call: _MakeCall, at_once: anyio.Semaphore) -> None:
        async with at_once:
            try:
                value = await make_call(_arguments(line))
                self.text = as_json({"line": self._number, "value": value})
            except Exception as error:  # noqa: BLE001 - of one line: the others go on
                self.failed = True
                self.text = as_json({"line": self._number, "error": error_object(error)})
        self.done.set()


async def _read(
    lines: AsyncIterator[bytes],
    send: ObjectSendStream[_Pending],
    make_call: _MakeCall,
    at_once: anyio.Semaphore,
    group: TaskGroup,
) -> None:
    async with send:
        number = 0
        async for line in lines:
            number += 1
            if line.strip():
                pending = _Pending(number)
                await send.send(pending)
                group.start_soon(pending.work, line, make_call, at_once)


def error_object(error: Exception) -> _Result:
    """An error as JSON: its class, its message, and the exit code that it would have alone."""
    message = error.message if isinstance(error, SpaceError) else describe_error(error)
    told: _Result = {"type": type(error).__name__, "message": message, "code": status_of(error)}
    if isinstance(error, InvalidInputError) and error.problems:
        told["problems"] = list(error.problems)
    if isinstance(error, AppError):
        told["title"] = error.title
    if isinstance(error, SpaceError) and error.event_id:
        told["event_id"] = error.event_id
    return told


def _arguments(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"the line is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInputError("the line is not a JSON object")
    return cast("dict[str, Any]", found)
