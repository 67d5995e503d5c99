"""Carry out `spacecall call` and `spacecall record`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacecall._client.calls.caller import Caller
from spacecall.cli._inputs import stdin_reader
from spacecall.cli._inputs.flag_arguments import (
    check_complete,
    load_argument_files,
    parse_flag_arguments,
    parse_json_arguments,
)
from spacecall.cli._inputs.flag_values import InputReader, is_stdin
from spacecall.cli._inputs.flags import Flag, endpoint_flags, parse_flags
from spacecall.cli._outputs.call_status import CallStatus
from spacecall.cli._outputs.console import create_console, write_page
from spacecall.cli._outputs.endpoint_view import draw_help
from spacecall.cli._outputs.event_printer import create_event_handler, run_call
from spacecall.cli._outputs.result_printer import OutputFolder, format_result, replace_files
from spacecall.cli._outputs.stream_printer import StreamPrinter, TextPrinter, returns_text
from spacecall.cli._outputs.terminal import ResultWriter, stdout_is_terminal
from spacecall.cli._runners.endpoint_calls import find_endpoint, open_space, resolve_source
from spacecall.cli._runners.input_stream import (
    feed_inputs,
    find_stream_parameter,
    read_inputs,
)
from spacecall.cli._support.app_access import Credentials
from spacecall.cli._support.credential_scope import StoredApp
from spacecall.cli._support.exit_codes import DONE, FAILED
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError
from spacecall.events import Event, Log

__all__ = ["CallRequest", "UnparsedFlags", "execute"]


@dataclass(frozen=True, slots=True)
class UnparsedFlags:
    """The app's flags on the command line, before the app has described its parameters.

    Attributes:
        words: as written on the command line.
        reserved: the command's own options; a parameter of such a name has another flag.
        show_help: whether to show the endpoint's parameters instead of calling it.
    """

    words: Sequence[str]
    reserved: frozenset[str]
    show_help: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """The arguments and options of `spacecall call`.

    Attributes:
        json: arguments as JSON, `@file` or `-`; empty without `--json`.
        jobs: how many calls run at once with `--jsonl`; None for a single call.
        stream: whether to print outputs as they arrive; None for the default.
        out: the folder for files of the result.
        raw: whether a terminal gets the exact text.
        check: whether to check the arguments against the app's schema.
        event_data: the details of an event as JSON, or `@file`; empty for none.
        query_params: what the function reads from the query of the request.
        stream_inputs: the inputs of a stream: files, folders and values, or `-`; empty for a call.
    """

    source: str
    endpoint: str
    flags: UnparsedFlags
    json: str
    jobs: int | None = None
    stream: bool | None = None
    out: Path | None = None
    quiet: bool = False
    raw: bool = False
    check: bool = True
    event_data: str = ""
    query_params: Mapping[str, str] = field(default_factory=dict[str, str])
    stream_inputs: Sequence[str] = ()


async def execute(request: CallRequest, credentials: Credentials) -> int:
    """Make the call or calls, print the results, and return the exit code.

    Raises:
        SpaceError: a single call failed.
        OutputClosedError: the reader of stdout closed the pipe.
        OSError: a file could not be written.
    """
    source = resolve_source(request.source)
    if source == request.source:
        access = credentials.for_app(source)
    else:
        (access,) = credentials.for_stored([StoredApp(request.source, source)])
    show_help = request.flags.show_help
    with CallStatus(quiet=request.quiet or show_help) as status:
        async with open_space(source, access) as space:
            endpoint = await find_endpoint(space, request.endpoint)
            flags = endpoint_flags(endpoint, request.flags.reserved)
            if show_help:
                write_page(create_console(), draw_help(request.source, endpoint, flags))
                return DONE
            values = parse_flags(request.flags.words, flags)
            caller = space.with_options(
                check=request.check,
                event_data=_parse_event_data(request.event_data),
                oauth_token=access.oauth_token,
                query_params=request.query_params,
            )
            execution = _Execution(request, caller, endpoint, flags, values, status)
            if request.stream_inputs:
                return await execution.run_stream()
            if request.jobs is None:
                return await execution.run_single()
            return await execution.run_lines(request.jobs)


def _parse_event_data(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    option = "--event-data"
    reader = InputReader(no_stdin="write the object itself, or @file: stdin (-) is not read")
    return parse_json_arguments(reader.read_option(option, text), option)


@dataclass(frozen=True, slots=True)
class _Execution:
    """A request whose app is open and whose flags are parsed.

    Attributes:
        values: the texts of the flags, by the parameters' names.
    """

    request: CallRequest
    caller: Caller
    endpoint: Endpoint
    flags: Sequence[Flag]
    values: Mapping[str, Sequence[str]]
    status: CallStatus

    async def run_single(self) -> int:
        """Make a call with arguments from flags, files and stdin; return the exit code."""
        reader = await self._open_reader()
        arguments = self._parse_arguments(reader)
        check_complete(self.flags, arguments, self._command)
        printer = self._create_printer()
        call = self.caller.call(self.endpoint.name, **arguments)
        call = call.with_options(every_output=printer.needs_every_output)
        try:
            value = await run_call(call, create_event_handler(self.status, printer), printer)
        finally:
            self.status.clear()
            printer.end_line()
        return DONE if printer.printed_result else await self._print_result(value)

    async def run_stream(self) -> int:
        """Send a stream of inputs, print a result after each, and return the exit code."""
        streamed, words = find_stream_parameter(self.endpoint), self.request.stream_inputs
        flags = [flag for flag in self.flags if flag.parameter is not streamed]
        inputs = read_inputs(streamed, words)
        reader = InputReader() if any(map(is_stdin, words)) else await self._open_reader()
        arguments = self._parse_arguments(reader)
        if streamed.name in arguments:
            raise InvalidInputError(
                f"{streamed.name} takes the stream: give its values with --stream-input only"
            )
        check_complete(flags, arguments, self._command)
        folder, writer = self._output_folder(), ResultWriter(raw=self.request.raw)

        async def print_value(value: Any) -> None:
            writer.write(format_result(await replace_files(value, folder)))

        caller = self.caller.with_options(every_output=True)
        self.status.clear()
        async with caller.stream(self.endpoint.name, **arguments) as feed:
            await feed_inputs(feed, inputs, print_value)
        return folder.report_failures() if folder else DONE

    async def run_lines(self, jobs: int) -> int:
        """Make a call for each line of stdin; return the exit code."""
        from spacecall.cli._runners.jsonl_calls import call_lines  # noqa: PLC0415 - all errors

        self.status.clear()
        defaults = self._parse_arguments(InputReader())
        folder = self._output_folder()

        async def make_call(line_arguments: dict[str, Any]) -> Any:
            files_loaded = load_argument_files(self.endpoint, line_arguments, InputReader())
            call = self.caller.call(self.endpoint.name, **{**defaults, **files_loaded})
            value = await run_call(call, self._show_log, StreamPrinter())
            return await replace_files(value, folder)

        code = await call_lines(stdin_reader.read_lines(), make_call, jobs=jobs)
        has_unsaved_files = folder is not None and folder.report_failures() != DONE
        return FAILED if has_unsaved_files else code

    @property
    def _command(self) -> str:
        return shlex.join([self.request.source, self.endpoint.name])

    async def _open_reader(self) -> InputReader:
        """Return a reader of the arguments, with stdin if one of them is read from there."""
        words = [self.request.json, *(word for words in self.values.values() for word in words)]
        reads_stdin = any(map(is_stdin, words))
        return InputReader(await stdin_reader.read_all() if reads_stdin else b"")

    def _parse_arguments(self, reader: InputReader) -> dict[str, Any]:
        text = reader.read_option("--json", self.request.json) if self.request.json else "{}"
        json_arguments = parse_json_arguments(text)
        arguments = load_argument_files(self.endpoint, json_arguments, reader)
        return arguments | parse_flag_arguments(self.flags, self.values, reader)

    def _create_printer(self) -> StreamPrinter:
        is_text = returns_text(self.endpoint)
        stream = self.request.stream
        if stream is None:
            stream = is_text and self.endpoint.streaming and stdout_is_terminal()
        if not stream:
            return StreamPrinter()
        writer = ResultWriter(raw=self.request.raw)
        return TextPrinter(writer) if is_text else StreamPrinter(writer)

    def _show_log(self, event: Event[Any]) -> None:
        if isinstance(event, Log):
            self.status.show(event)

    def _output_folder(self) -> OutputFolder | None:
        return OutputFolder(self.request.out) if self.request.out else None

    async def _print_result(self, value: Any) -> int:
        """Print a result, report files that could not be saved, and return the exit code."""
        folder = self._output_folder()
        if self.endpoint.returns:
            indent = 2 if stdout_is_terminal() else None
            text = format_result(await replace_files(value, folder), indent=indent)
            ResultWriter(raw=self.request.raw).write(text)
        return folder.report_failures() if folder else DONE
