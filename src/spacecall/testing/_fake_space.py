"""`FakeSpace`: what a test asks for."""

from __future__ import annotations

import hashlib
import inspect
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

from pydantic import BaseModel

from spacecall._core.endpoint_names import match_endpoint
from spacecall._core.loose import is_object
from spacecall._core.schema_check import problems
from spacecall._core.schema_nodes import is_list
from spacecall.codegen import store
from spacecall.errors import AppError, InvalidInputError, NotFoundError, SpaceError
from spacecall.files import File
from spacecall.testing._fake_app import FakeApp, Function, Slot, read_app
from spacecall.testing._fake_jobs import Outcome
from spacecall.testing._fake_network import join, leave
from spacecall.testing._fake_server import Server
from spacecall.testing._value_generator import Maker

__all__ = ["FakeSpace", "ReceivedCall"]


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call that a fake Space was sent.

    Attributes:
        endpoint: `/echo`.
        arguments: by the names in the schema, as they are on the wire.
    """

    endpoint: str
    arguments: Mapping[str, Any]


Answer: TypeAlias = "Any | Callable[[ReceivedCall], Any | Awaitable[Any]]"
"""A value, or a function of the call that gives it, async or not."""


@dataclass(frozen=True, slots=True)
class _Script:
    """What a test wants of an endpoint."""

    answer: Answer = None
    answers: bool = False
    values: Sequence[Any] | None = None
    error: str | None = None
    title: str = "Error"
    lost: bool = False
    delay: float = 0.0


class FakeSpace:
    """An app that is not there, made from its schema folder: for tests without recordings.

    In its `with` block every Space that is opened talks to it, in all threads, with async code and
    without; nothing reaches a network. It gives values that fit the schema, the same ones for the
    same seed, endpoint and arguments; endpoints that stream tell them bit by bit.

    Several can be in use at once; each answers at its own app's address then, and alone at any.

    Args:
        folder: the schema folder, as `spacecall add` writes it.
        seed: of the values.

    Attributes:
        calls: what it was sent, in order.

    Raises:
        SchemaError: the folder cannot be read.
    """

    def __init__(self, folder: str | Path, *, seed: int = 0) -> None:
        self.calls: list[ReceivedCall] = []
        self._app: FakeApp = read_app(store.read(Path(folder)))
        self._seed = seed
        self._scripts: dict[str, _Script] = {}
        self._server = Server(self._app, self._play)

    def __enter__(self) -> Self:
        join(self._server)
        return self

    def __exit__(self, *_: object) -> None:
        leave(self._server)

    def returns(self, endpoint: str, answer: Answer) -> Self:
        """Give this value; a tuple for several outputs, None for none.

        A file is a `File`, a `Path` or bytes, an object a model or a dict. A function is given the
        `ReceivedCall`; an `AppError` that it raises is the app's error.

        Raises:
            NotFoundError: there is no such endpoint.
            InvalidInputError: the value does not fit its schema. What a function gives is checked
                when it is called, and the error reaches the caller.
        """
        if not callable(answer):
            self._check(self._function(endpoint), answer)
        return self._change(endpoint, answer=answer, answers=True, values=None)

    def streams(self, endpoint: str, values: Sequence[Any]) -> Self:
        """Give these values one after another; the last is the result. Errors as `returns`."""
        for value in values:
            self._check(self._function(endpoint), value)
        return self._change(endpoint, values=values, answers=False)

    def fails(self, endpoint: str, message: str, *, title: str = "Error") -> Self:
        """Raise that in the app, after the values of `streams`, if there are any."""
        return self._change(endpoint, error=message, title=title)

    def loses(self, endpoint: str) -> Self:
        """Break the connection before the result, after the values of `streams`."""
        return self._change(endpoint, lost=True)

    def delays(self, endpoint: str, seconds: float) -> Self:
        """Wait so long before each value."""
        return self._change(endpoint, delay=seconds)

    def content(self, file: Any) -> bytes:
        """What is in an uploaded file, which is an argument of a call.

        Raises:
            InvalidInputError: this is none.
        """
        path = file.get("path") if is_object(file) else None
        found = self._server.content(path) if isinstance(path, str) else None
        if found is None:
            raise InvalidInputError("this is no file that was uploaded here")
        return found

    def _change(self, endpoint: str, **changes: Any) -> Self:
        name = self._function(endpoint).name
        self._scripts[name] = replace(self._scripts.get(name, _Script()), **changes)
        return self

    def _function(self, endpoint: str) -> Function:
        name = match_endpoint(endpoint, self._app.functions)
        if name is None:
            names = ", ".join(self._app.functions) or "none"
            raise NotFoundError(f"the schemas have no endpoint {endpoint!r}; there are: {names}")
        return self._app.functions[name]

    async def _play(self, function: Function, given: Sequence[Any]) -> Outcome:
        names = [slot.name for slot in function.visible_inputs]
        call = ReceivedCall(function.name, dict(zip(names, given, strict=False)))
        self.calls.append(call)
        script = self._scripts.get(function.name, _Script())
        error, title = script.error, script.title
        values: list[list[Any]] = []
        try:
            wanted = await self._wanted(function, script, call)
            values = [self._wire(function, await self._read(one)) for one in wanted]
        except AppError as raised:
            error, title = raised.message, raised.title or "Error"
        if (error is not None or script.lost) and script.values is None:
            values = []
        return Outcome(values, error, title, script.lost, script.delay)

    async def _wanted(self, function: Function, script: _Script, call: ReceivedCall) -> list[Any]:
        """The values to give, one after another, as a caller of `returns` writes them."""
        if script.values is not None:
            return list(script.values)
        if not script.answers:
            return self._made(function, call)
        answer = script.answer
        if callable(answer):
            answer = await _asked(answer, call)
            self._check(function, answer)
        return [answer]

    def _made(self, function: Function, call: ReceivedCall) -> list[Any]:
        """Values made up for a call; of an endpoint that streams, what leads to the last."""
        asked = json.dumps([self._seed, call.endpoint, call.arguments], sort_keys=True, default=str)
        chance = random.Random(hashlib.sha256(asked.encode()).digest())  # noqa: S311
        last = [
            Maker(self._app.gives, slot.component, chance, self._server.keep).make(slot.schema)
            for slot in function.visible_outputs
        ]
        steps = [last]
        if function.streaming:
            steps = [[_begun(one, part) for one in last] for part in (0.3, 0.6, 1.0)]
        return [one[0] if len(one) == 1 else tuple(one) or None for one in steps]

    def _check(self, function: Function, answer: Any) -> None:
        outputs = function.visible_outputs
        values = _several(outputs, answer)
        if len(values) != len(outputs):
            raise InvalidInputError(
                f"{function.name} gives {len(outputs)} values, and there are {len(values)}"
            )
        wrong = [
            f"value {number}: {line}"
            for number, (slot, value) in enumerate(zip(outputs, values, strict=True), 1)
            for line in problems(slot.schema, _plain(value), root=self._app.gives)
        ]
        if wrong:
            raise InvalidInputError(
                f"{function.name} cannot give that: {'; '.join(wrong)}", problems=wrong
            )

    def _wire(self, function: Function, answer: Any) -> list[Any]:
        """Every output, null for State."""
        values = iter(_several(function.visible_outputs, answer))
        return [None if slot is None else next(values) for slot in function.outputs]

    async def _read(self, value: Any) -> Any:
        """The value as JSON, its files put on the server."""
        value = _plain(value)
        if isinstance(value, (File, Path, bytes)):
            file = File(value)
            return self._server.keep(await file.read(), file.name)
        if is_list(value):
            return [await self._read(one) for one in value]
        if is_object(value):
            return {key: await self._read(one) for key, one in value.items()}
        return value


def _several(outputs: Sequence[Slot], answer: Any) -> Sequence[Any]:
    if not outputs:
        return () if answer is None else (answer,)
    if len(outputs) == 1:
        return (answer,)
    return answer if is_list(answer) else (answer,)


async def _asked(function: Callable[[ReceivedCall], Any], call: ReceivedCall) -> Any:
    try:
        answer = function(call)
        return await answer if inspect.isawaitable(answer) else answer
    except SpaceError:
        raise
    except Exception as error:
        raise InvalidInputError(
            f"the function that answers {call.endpoint} failed: {error!r}"
        ) from error


def _plain(value: Any) -> Any:
    return value.model_dump(by_alias=True) if isinstance(value, BaseModel) else value


def _begun(value: Any, part: float) -> Any:
    """The beginning of a text or a list; anything else is whole at once."""
    if isinstance(value, str):
        words = value.split(" ")
        return " ".join(words[: max(1, round(len(words) * part))])
    if is_list(value) and value:
        return list(value)[: max(1, round(len(value) * part))]
    return value
