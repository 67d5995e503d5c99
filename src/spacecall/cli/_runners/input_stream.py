"""Send a stream of inputs to an endpoint, and print a result after each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import anyio

from spacecall._client.calls.feed import Feed
from spacecall._filenames import expand_home
from spacecall.cli._inputs import stdin_reader
from spacecall.cli._inputs.flag_values import InputReader, is_stdin, parse_value
from spacecall.cli._support.async_runner import on_interrupt
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

__all__ = ["feed_inputs", "find_stream_parameter", "read_inputs"]

_END = object()
_PrintValue: TypeAlias = Callable[[Any], Awaitable[None]]


def find_stream_parameter(endpoint: Endpoint) -> Parameter:
    """Return the parameter that takes the values of `--stream-input`.

    Raises:
        InvalidInputError: the endpoint takes no stream.
    """
    for parameter in endpoint.parameters:
        if parameter.name == endpoint.stream_input:
            return parameter
    raise InvalidInputError(
        f"{endpoint.name} takes no stream of inputs: call it without --stream-input"
    )


def read_inputs(parameter: Parameter, words: Sequence[str]) -> AsyncGenerator[Any, None]:
    """Return the values that the words of `--stream-input` mean, one after another.

    Args:
        parameter: takes the values.
        words: files, folders of files and values; or only `-`, for the lines of stdin.

    Raises:
        InvalidInputError: a file cannot be read, a folder has no files, or `-` is not alone. A line
            of stdin raises it when it is read.
    """
    if any(map(is_stdin, words)):
        if len(words) > 1:
            raise InvalidInputError("--stream-input - reads all inputs from stdin: give it once")
        return _read_lines(parameter)
    reader = InputReader()
    values = [
        _parse_input(parameter, path, reader, "--stream-input")
        for word in words
        for path in _expand_folder(word)
    ]
    return _iterate(values)


async def feed_inputs(
    feed: Feed[Any, Any], inputs: AsyncIterator[Any], print_value: _PrintValue
) -> None:
    """Send the inputs, and print a result after each, as it comes.

    The first Ctrl-C sends no further input, and waits for the last value.

    Raises:
        InvalidInputError: an input does not fit; the values of those before it are printed.
        SpaceError: the function failed, or the stream broke.
        OutputClosedError: the reader of stdout closed the pipe.
    """
    errors: list[Exception] = []

    async def run(work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - raised below, once
            errors.append(error)
            group.cancel_scope.cancel()

    async def send() -> None:
        try:
            await _send_inputs(feed, inputs)
        except InvalidInputError as error:
            errors.append(error)
        await feed.finish()

    async def print_values() -> None:
        async for value in feed.outputs:
            await print_value(value)

    async with anyio.create_task_group() as group:
        group.start_soon(run, send)
        group.start_soon(run, print_values)
    if errors:
        raise errors[0]


async def _send_inputs(feed: Feed[Any, Any], inputs: AsyncIterator[Any]) -> None:
    """Send the inputs until they end, or until Ctrl-C."""
    interrupted = False
    waiting = anyio.CancelScope()

    def stop() -> None:
        nonlocal interrupted
        interrupted = True
        waiting.cancel()

    with on_interrupt(stop):
        while not interrupted:
            value: Any = _END
            waiting = anyio.CancelScope()
            with waiting:
                value = await anext(inputs, _END)
            if value is _END:
                return
            await feed.send(value)


def _expand_folder(word: str) -> list[str]:
    """Return the paths of the files in a folder, by name; the word itself if it is not a folder."""
    path = expand_home(word.removeprefix("@"))
    try:
        if not path.is_dir():
            return [word]
        files = sorted(str(file) for file in path.iterdir() if file.is_file())
    except (OSError, ValueError):  # a data URI is too long for a path
        return [word]
    if not files:
        raise InvalidInputError(f"--stream-input: the folder {str(path)!r} has no files")
    return [f"@{file}" for file in files]


async def _read_lines(parameter: Parameter) -> AsyncGenerator[Any, None]:
    reader, number = InputReader(), 0
    async for line in stdin_reader.read_lines():
        number += 1
        if line.strip():
            try:
                text = line.decode().strip()
            except UnicodeDecodeError as error:
                raise InvalidInputError(f"line {number} is not a text in UTF-8") from error
            yield _parse_input(parameter, text, reader, f"line {number}")


async def _iterate(values: Sequence[Any]) -> AsyncGenerator[Any, None]:
    for value in values:
        yield value


def _parse_input(parameter: Parameter, word: str, reader: InputReader, origin: str) -> Any:
    try:
        return parse_value(parameter.schema, [word], reader)
    except InvalidInputError as error:
        raise InvalidInputError(f"{origin}: {error.message}") from error
