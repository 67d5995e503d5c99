"""Make a call for each line of JSON, and write the results in the order of the lines."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias, cast

import anyio
from anyio.abc import ObjectSendStream, TaskGroup

from spacecall._core.json_values import describe_error, describe_json_error
from spacecall._json_objects import unique_keys
from spacecall.cli._outputs.terminal import to_json, write
from spacecall.cli._support.error_reports import exit_code_for
from spacecall.cli._support.exit_codes import DONE, FAILED, OutputClosedError
from spacecall.errors import AppError, InvalidInputError, SpaceError

__all__ = ["call_lines", "error_object"]

_Result: TypeAlias = dict[str, Any]
_MakeCall: TypeAlias = Callable[[dict[str, Any]], Awaitable[Any]]

_LINES_PER_JOB = 4
"""Lines to read ahead for each running call, so that a slow call does not block the next ones."""


async def call_lines(lines: AsyncIterator[bytes], make_call: _MakeCall, *, jobs: int) -> int:
    """Make a call for each line, and write a line for each result.

    Args:
        lines: JSON objects with arguments; blank lines are skipped.
        make_call: makes a call with arguments, and returns the `value` of its line.
        jobs: how many calls run at once.

    Returns:
        The exit code: failure if any call failed.

    Raises:
        OutputClosedError: the reader closed the pipe; running calls are cancelled.
    """
    limiter = anyio.Semaphore(jobs)
    send, receive = anyio.create_memory_object_stream[_LineCall](jobs * _LINES_PER_JOB)
    failed = False
    output_closed: OutputClosedError | None = None
    async with anyio.create_task_group() as group, receive:
        group.start_soon(_start_calls, lines, send, make_call, limiter, group)
        async for line_call in receive:
            await line_call.done.wait()
            failed = failed or line_call.failed
            try:
                write(line_call.text + "\n")
            except OutputClosedError as error:
                output_closed = error
                group.cancel_scope.cancel()
    if output_closed is not None:
        raise output_closed
    return FAILED if failed else DONE


class _LineCall:
    """The call of a line.

    Attributes:
        done: set when the call has ended.
        failed: whether the call failed.
        text: the line to write once the call has ended.
    """

    def __init__(self, number: int) -> None:
        self.done = anyio.Event()
        self.failed = False
        self.text = ""
        self._number = number

    async def run(self, line: bytes, make_call: _MakeCall, limiter: anyio.Semaphore) -> None:
        async with limiter:
            try:
                value = await make_call(_parse_line(line))
                self.text = to_json({"line": self._number, "value": value})
            except Exception as error:  # noqa: BLE001 - other lines go on
                self.failed = True
                self.text = to_json({"line": self._number, "error": error_object(error)})
        self.done.set()


async def _start_calls(
    lines: AsyncIterator[bytes],
    send: ObjectSendStream[_LineCall],
    make_call: _MakeCall,
    limiter: anyio.Semaphore,
    group: TaskGroup,
) -> None:
    async with send:
        number = 0
        async for line in lines:
            number += 1
            if line.strip():
                line_call = _LineCall(number)
                await send.send(line_call)
                group.start_soon(line_call.run, line, make_call, limiter)


def error_object(error: Exception) -> _Result:
    """Return an error for JSON: its class, its message, and the exit code of a single call."""
    message = error.message if isinstance(error, SpaceError) else describe_error(error)
    code = exit_code_for(error)
    members: _Result = {"type": type(error).__name__, "message": message, "code": code}
    if isinstance(error, InvalidInputError) and error.problems:
        members["problems"] = list(error.problems)
    if isinstance(error, AppError):
        members["title"] = error.title
    if isinstance(error, SpaceError) and error.event_id:
        members["event_id"] = error.event_id
    return members


def _parse_line(line: bytes) -> dict[str, Any]:
    try:
        arguments = json.loads(line, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"the line {describe_json_error(error)}") from error
    if not isinstance(arguments, dict):
        raise InvalidInputError("the line is not a JSON object")
    return cast("dict[str, Any]", arguments)
