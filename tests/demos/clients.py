"""The three clients that make the same calls, and their results in one form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE
from types import ModuleType
from typing import Any, Protocol, cast

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import BaseModel

from spacecall import (
    AppError,
    Auth,
    Call,
    File,
    InvalidInputError,
    NotFoundError,
    Space,
    SpaceError,
    Timeouts,
)
from spacecall._client.calls.caller import Caller
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._python.module_planner import plan_client
from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.codegen.apps import generated, load
from tests.demos.cases import Case, LocalFile
from tests.servers import APPS, python_of

_PEER = APPS / "demos" / "peer.py"
_DEADLINE = Timeouts(total=30)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to, files by the hash of their content.

    Attributes:
        value: JSON data.
        outputs: every value that the call gave while it ran.
        error: the error's class, or empty.
        message: what the error said.
        sent: whether the app was asked; a call that the client refuses is not sent.
    """

    value: Any = None
    outputs: tuple[Any, ...] = ()
    error: str = ""
    message: str = ""
    sent: bool = True


class Client(Protocol):
    """One of the clients, on one app."""

    async def run(self, case: Case) -> list[Outcome]:
        """The outcome of each call of a case."""
        ...


class DynamicClient:
    """Calls by name."""

    def __init__(self, space: Space) -> None:
        self._space = space

    async def run(self, case: Case) -> list[Outcome]:
        """See `Client`."""
        return await _run_steps(self._space, case, self._call)

    def _call(self, caller: Caller, endpoint: str, arguments: Mapping[int, Any]) -> Call[Any]:
        names = [parameter.name for parameter in self._space.endpoints[endpoint].parameters]
        return caller.call(
            endpoint, **{names[number]: value for number, value in arguments.items()}
        )


class GeneratedClient:
    """Calls of a client that is generated for the app."""

    def __init__(self, space: Space, documents: AppDocuments, name: str, folder: Path) -> None:
        self._space = space
        text = generated(documents, "demo", undocumented=True)
        self._module: ModuleType = load(text, folder, f"{name.replace('-', '_')}_client")
        plan = plan_client(build_schema_folder(documents, "demo", undocumented=True))
        self._operations = {operation.api_name: operation for operation in plan.operations}

    async def run(self, case: Case) -> list[Outcome]:
        """See `Client`."""
        return await _run_steps(self._space, case, self._call)

    def _call(self, caller: Caller, endpoint: str, arguments: Mapping[int, Any]) -> Call[Any]:
        operation = self._operations[endpoint]
        method = getattr(self._module.Demo(caller), operation.method)
        names = [entry.parameter for entry in operation.inputs]
        call: Call[Any] = method(**{names[number]: value for number, value in arguments.items()})
        return call


class PeerClient:
    """gradio_client, in a process with the Gradio of the app."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def open(self, url: str, auth: Any) -> None:
        """Turn to another app."""
        answer = await self._ask({"open": url, "auth": auth})
        assert "opened" in answer, answer

    async def run(self, case: Case) -> list[Outcome]:
        """See `Client`."""
        outcomes: list[Outcome] = []
        for number, step in enumerate(case.steps):
            arguments = {str(position): _jsonable(value) for position, value in step.items()}
            answer = await self._ask(
                {"endpoint": case.endpoint, "arguments": arguments, "first": number == 0}
            )
            outcomes.append(
                Outcome(
                    answer.get("value"),
                    tuple(answer.get("outputs", ())),
                    answer.get("error", ""),
                    answer.get("message", ""),
                    answer.get("error", "") not in {"TypeError", "ValueError", "KeyError"},
                )
            )
        return outcomes

    async def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        await self._requests.send(json.dumps(request).encode() + b"\n")
        with anyio.fail_after(60):
            line = await self._answers.receive_until(b"\n", 2**26)
        return cast("dict[str, Any]", json.loads(line))


@asynccontextmanager
async def peer(version: str) -> AsyncGenerator[PeerClient, None]:
    """gradio_client of the environment with this Gradio."""
    command = [str(python_of(version)), "-u", "-W", "ignore", str(_PEER)]
    process = await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        yield PeerClient(process)
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def opened(url: str, auth: Auth | None) -> AsyncGenerator[Space, None]:
    """A Space with a deadline for every call."""
    async with Space(url, auth=auth, timeouts=_DEADLINE) as space:
        yield space


async def _run_steps(space: Space, case: Case, make_call: Any) -> list[Outcome]:
    if len(case.steps) == 1:
        return [await _outcome(lambda: make_call(space, case.endpoint, _own(case.steps[0])))]
    async with space.session() as session:
        return [
            await _outcome(lambda step=step: make_call(session, case.endpoint, _own(step)))
            for step in case.steps
        ]


async def _outcome(make_call: Any) -> Outcome:
    try:
        call: Call[Any] = make_call()
        async with call as job:
            outputs = [await plain(value) async for value in job.outputs]
            return Outcome(await plain(await job.result()), tuple(outputs))
    except SpaceError as error:
        refused = isinstance(error, (InvalidInputError, NotFoundError))
        message = error.message if isinstance(error, AppError) else str(error)
        return Outcome(error=type(error).__name__, message=message, sent=not refused)
    except (TypeError, KeyError) as error:
        return Outcome(error=type(error).__name__, message=str(error), sent=False)


def _own(value: Any) -> Any:
    """Arguments with each `LocalFile` as the path that it is."""
    if isinstance(value, LocalFile):
        return value.path
    if isinstance(value, dict):
        return {key: _own(item) for key, item in cast("dict[Any, Any]", value).items()}
    return [_own(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def _jsonable(value: Any) -> Any:
    if isinstance(value, LocalFile):
        return {"$file": str(value.path)}
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in cast("list[Any]", value)]
    return value


async def plain(value: Any) -> Any:
    """A result as JSON data: models as objects, tuples as lists, files by their content."""
    if isinstance(value, File):
        return {"$file": hashlib.sha256(await value.read()).hexdigest()}
    if isinstance(value, BaseModel):
        fields = value.model_dump(by_alias=True, exclude_unset=True, warnings=False)
        return {name: await plain(item) for name, item in fields.items()}
    if isinstance(value, dict):
        items = cast("dict[object, Any]", value)
        return {str(key): await plain(item) for key, item in items.items()}
    if isinstance(value, (list, tuple)):
        return [await plain(item) for item in cast("list[Any]", value)]
    return value
