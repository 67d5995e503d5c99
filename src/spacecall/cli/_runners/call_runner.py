"""Carrying out `spacecall call`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacecall._client.calls.caller import Caller
from spacecall.cli._inputs import stdin_reader
from spacecall.cli._inputs.flag_arguments import check_complete, from_flags, from_json, located
from spacecall.cli._inputs.flag_values import Inputs, reads_stdin
from spacecall.cli._inputs.flags import Flag, flags_of, read
from spacecall.cli._outputs.call_status import Feedback
from spacecall.cli._outputs.endpoint_view import endpoint_help
from spacecall.cli._outputs.event_printer import follow, shown
from spacecall.cli._outputs.result_printer import Folder, printed, readable
from spacecall.cli._outputs.stream_printer import Snapshots, TextStream, gives_text
from spacecall.cli._outputs.terminal import Results, screen, show, stdout_is_terminal
from spacecall.cli._runners.jsonl_calls import call_lines
from spacecall.cli._runners.open_app import call_of, find_endpoint, live, opened
from spacecall.cli._support.app_access import Credentials
from spacecall.cli._support.credential_scope import StoredApp
from spacecall.cli._support.exit_codes import DONE, FAILED
from spacecall.endpoints import Endpoint
from spacecall.events import Event, Log

__all__ = ["Given", "Order", "place"]


@dataclass(frozen=True, slots=True)
class Given:
    """The flags of an app's parameters, before the app has told of them.

    Attributes:
        flags: as written.
        taken: the command's own flags, which mean something else.
        help: whether the endpoint's parameters are shown, and nothing is called.
    """

    flags: Sequence[str]
    taken: frozenset[str]
    help: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `spacecall call` was asked for.

    Attributes:
        json: arguments as JSON, `@file`, `-`, or empty.
        jobs: calls at once, where lines of stdin are calls; None for one call.
        stream: None for the default.
        raw: whether a terminal gets a text as it is.
        check: whether arguments have to fit the app's schema.
    """

    source: str
    endpoint: str
    given: Given
    json: str
    jobs: int | None = None
    stream: bool | None = None
    out: Path | None = None
    quiet: bool = False
    raw: bool = False
    check: bool = True


async def place(order: Order, credentials: Credentials) -> int:
    """Make the call, or the calls, and print what they give: the exit code.

    Raises:
        SpaceError: the one call failed.
        ReaderGoneError: nobody reads the result.
        OSError: a file could not be written.
    """
    source = live(order.source)
    if source == order.source:
        access = credentials.for_app(source)
    else:
        (access,) = credentials.for_stored([StoredApp(order.source, source)])
    with Feedback(quiet=order.quiet or order.given.help) as feedback:
        async with opened(source, access) as space:
            endpoint = await find_endpoint(space, source, order.endpoint, access)
            flags = flags_of(endpoint, order.given.taken)
            if order.given.help:
                show(screen(), endpoint_help(order.source, endpoint, flags))
                return DONE
            given = read(order.given.flags, flags)
            caller = space if order.check else space.with_options(check=False)
            work = _Work(order, caller, endpoint, flags, given, feedback)
            return await (work.one() if order.jobs is None else work.lines(order.jobs))


@dataclass(frozen=True, slots=True)
class _Work:
    """An order whose app has answered."""

    order: Order
    caller: Caller
    endpoint: Endpoint
    flags: Sequence[Flag]
    given: Mapping[str, Sequence[str]]
    feedback: Feedback

    async def one(self) -> int:
        """One call, with arguments from flags, files and stdin."""
        texts = [self.order.json, *(one for values in self.given.values() for one in values)]
        inputs = Inputs(await stdin_reader.read_all() if any(map(reads_stdin, texts)) else b"")
        arguments = self._arguments(inputs)
        check_complete(self.flags, arguments, shlex.join([self.order.source, self.endpoint.name]))
        stream = self._stream()
        call = call_of(self.caller, self.endpoint, arguments)
        try:
            value = await follow(call, shown(self.feedback, stream), stream)
        finally:
            self.feedback.clear()
            stream.end()
        return DONE if stream.whole else await self._print(value)

    async def lines(self, jobs: int) -> int:
        """A call for each line of stdin."""
        self.feedback.clear()
        fixed = self._arguments(Inputs())
        folder = self._folder()

        async def make_call(arguments: dict[str, Any]) -> Any:
            found = {**fixed, **located(self.endpoint, arguments, Inputs())}
            call = call_of(self.caller, self.endpoint, found)
            value = await follow(call, self._logged, Snapshots())
            return await readable(value, folder)

        code = await call_lines(stdin_reader.lines(), make_call, jobs=jobs)
        unsaved = folder is not None and folder.report() != DONE
        return FAILED if unsaved else code

    def _arguments(self, inputs: Inputs) -> dict[str, Any]:
        whole = from_json(inputs.text(self.order.json)) if self.order.json else {}
        found = located(self.endpoint, whole, inputs)
        return found | from_flags(self.flags, self.given, inputs)

    def _stream(self) -> Snapshots:
        """What prints the outputs before the last one."""
        wanted, text = self.order.stream, gives_text(self.endpoint)
        if wanted is None:
            wanted = text and self.endpoint.streaming and stdout_is_terminal()
        if not wanted:
            return Snapshots()
        results = Results(raw=self.order.raw)
        return TextStream(results) if text else Snapshots(results)

    def _logged(self, event: Event[Any]) -> None:
        if isinstance(event, Log):
            self.feedback.show(event)

    def _folder(self) -> Folder | None:
        return Folder(self.order.out) if self.order.out else None

    async def _print(self, value: Any) -> int:
        """Print a result, and tell which of its files could not be saved: the exit code."""
        folder = self._folder()
        if self.endpoint.returns:
            indent = 2 if stdout_is_terminal() else None
            text = printed(await readable(value, folder), indent=indent)
            Results(raw=self.order.raw).write(text)
        return folder.report() if folder else DONE
