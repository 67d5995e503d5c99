"""`FakeSpace`: the fake Space that a test configures."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import random
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

from pydantic import BaseModel

from spacecall._core.endpoint_names import match_endpoint
from spacecall._core.json_values import is_object
from spacecall._core.schema_check import find_problems as schema_problems
from spacecall._core.schema_nodes import is_list
from spacecall._option_checks import checked_call, checked_class
from spacecall.codegen._schemas import schema_folder
from spacecall.component_updates import Update
from spacecall.errors import AppError, InvalidInputError, NotFoundError, SpaceError
from spacecall.files import File
from spacecall.testing._fake_app import FakeApp, FakeEndpoint, Slot, load_fake_app
from spacecall.testing._fake_jobs import JobPlan
from spacecall.testing._fake_network import register, unregister
from spacecall.testing._fake_server import FakeServer
from spacecall.testing._value_generator import ValueGenerator

__all__ = ["FakeSpace", "ReceivedCall"]


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call that a fake Space received.

    Attributes:
        endpoint: its name, such as `/echo`.
        arguments: as on the wire, by the parameter names of the schema.
    """

    endpoint: str
    arguments: Mapping[str, Any]


FakeResult: TypeAlias = Any | Callable[[ReceivedCall], Any | Awaitable[Any]]
"""The result of a call, or a function (sync or async) that returns it for a `ReceivedCall`."""


@dataclass(slots=True)
class _Failure:
    """How calls of an endpoint fail.

    Attributes:
        error: the message of the app's error; None if the connection breaks.
        title: of the error.
        times: how many more calls fail; None for all.
    """

    error: str | None
    title: str
    times: int | None


@dataclass(frozen=True, slots=True)
class _Behaviour:
    """The behaviour of an endpoint that a test has configured."""

    result: FakeResult = None
    has_result: bool = False
    values: Sequence[Any] | None = None
    failure: _Failure | None = None
    delay: float = 0.0


@checked_class
class FakeSpace:
    """A fake Gradio app, made from its schema folder: for tests without the app or a recording.

    In its `with` block every Space that is opened is connected to it: in all threads, sync and
    async. No request reaches the network. It returns values that fit the schema: the same for the
    same seed, endpoint and arguments. Endpoints that stream send partial results.

    Several can be in use at once: each answers at the address of its own app. A single fake
    answers at any address.

    The last instruction for an endpoint holds: `returns` and `streams` replace each other and end
    the failures of `fails` and `disconnects`, which replace each other. The arguments of every
    method are checked when it is called.

    Args:
        folder: the schema folder, as `spacecall add` writes it.
        seed: of the generated values.

    Attributes:
        calls: the received calls, in order.

    Raises:
        SchemaError: the folder cannot be read.
    """

    def __init__(self, folder: str | Path, *, seed: int = 0) -> None:
        self.calls: list[ReceivedCall] = []
        self._app: FakeApp = load_fake_app(schema_folder.read_folder(Path(folder)))
        self._seed = seed
        self._behaviours: dict[str, _Behaviour] = {}
        self._failing = threading.Lock()  # calls may come from several threads
        self._server = FakeServer(self._app, self._plan_job)

    def __enter__(self) -> Self:
        register(self._server)
        return self

    def __exit__(self, *_: object) -> None:
        unregister(self._server)

    @checked_call
    def returns(self, endpoint: str, result: FakeResult) -> Self:
        """Return this value from calls of an endpoint.

        Several outputs are a tuple, no output is None. A file is a `File`, a `Path` or bytes; an
        object is a model or a dict; an `Update` changes the component and not its value. A function
        (sync or async) is called with the `ReceivedCall`; an `AppError` that it raises becomes the
        error of the app.

        Raises:
            NotFoundError: the schemas have no such endpoint.
            InvalidInputError: the value does not fit the schema, or names a file that does not
                exist. The value of a function is checked when the function is called; the error is
                raised to the caller then.
        """
        if not callable(result):
            self._check(self._endpoint(endpoint), result)
        return self._configure(endpoint, result=result, has_result=True, values=None, failure=None)

    @checked_call
    def streams(self, endpoint: str, values: Iterable[Any]) -> Self:
        """Return these values one after another from calls of an endpoint; the last is the result.

        An iterator is read once, now: every call returns all values.

        Raises:
            NotFoundError: the schemas have no such endpoint.
            InvalidInputError: a value does not fit the schema, or there are no values.
            TypeError: the values are not a collection, but a text for example.
        """
        values = list(values)
        for value in values:
            self._check(self._endpoint(endpoint), value)
        if not values:
            raise InvalidInputError("values is empty: the last value is the result")
        return self._configure(endpoint, values=values, has_result=False, failure=None)

    @checked_call
    def fails(
        self, endpoint: str, message: str, *, title: str = "Error", times: int | None = None
    ) -> Self:
        """Raise an error in the app, after the values of `streams`, if any.

        Args:
            endpoint: its name.
            message: of the error.
            title: of the error.
            times: how many calls fail; later ones return what was configured before. By default
                all calls fail, until `returns` or `streams` is called.

        Raises:
            NotFoundError: the schemas have no such endpoint.
            ValueError: `times` is not positive.
        """
        return self._fail(endpoint, message, title, times)

    @checked_call
    def disconnects(self, endpoint: str, *, times: int | None = None) -> Self:
        """Break the connection before the result, after the values of `streams`, if any.

        Args:
            endpoint: its name.
            times: see `fails`.

        Raises:
            NotFoundError: the schemas have no such endpoint.
            ValueError: `times` is not positive.
        """
        return self._fail(endpoint, None, "", times)

    @checked_call
    def delays(self, endpoint: str, seconds: float) -> Self:
        """Wait this many seconds before each value.

        Raises:
            NotFoundError: the schemas have no such endpoint.
            ValueError: the seconds are negative or not finite.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"seconds must be finite and not negative, got {seconds}")
        return self._configure(endpoint, delay=seconds)

    def content(self, file: Any) -> bytes:
        """Return the content of an uploaded file.

        Args:
            file: an argument of a received call.

        Raises:
            InvalidInputError: the argument is not a file that was uploaded to this fake Space.
        """
        path = file.get("path") if is_object(file) else None
        content = self._server.read_file(path) if isinstance(path, str) else None
        if content is None:
            raise InvalidInputError(
                "the value is not a file that was uploaded to this fake Space: pass an argument of "
                "a call"
            )
        return content

    def _fail(self, endpoint: str, error: str | None, title: str, times: int | None) -> Self:
        if times is not None and times < 1:
            raise ValueError(f"times must be positive, got {times}")
        return self._configure(endpoint, failure=_Failure(error, title, times))

    def _take_failure(self, behaviour: _Behaviour) -> _Failure | None:
        """Return how a call fails, and count it; None if it does not fail."""
        failure = behaviour.failure
        with self._failing:
            if failure is None or failure.times == 0:
                return None
            if failure.times is not None:
                failure.times -= 1
        return failure

    def _configure(self, endpoint: str, **changes: Any) -> Self:
        name = self._endpoint(endpoint).name
        self._behaviours[name] = replace(self._behaviours.get(name, _Behaviour()), **changes)
        return self

    def _endpoint(self, name: str) -> FakeEndpoint:
        matched_name = match_endpoint(name, self._app.endpoints)
        if matched_name is None:
            names = ", ".join(self._app.endpoints) or "none"
            raise NotFoundError(f"the schemas have no endpoint {name!r}; endpoints: {names}")
        return self._app.endpoints[matched_name]

    async def _plan_job(self, endpoint: FakeEndpoint, inputs: Sequence[Any]) -> JobPlan:
        names = [slot.name for slot in endpoint.visible_inputs]
        call = ReceivedCall(endpoint.name, dict(zip(names, inputs, strict=False)))
        self.calls.append(call)
        behaviour = self._behaviours.get(endpoint.name, _Behaviour())
        failure = self._take_failure(behaviour)
        if failure and behaviour.values is None:
            return _plan([], failure, behaviour.delay)
        try:
            results = await self._results(endpoint, behaviour, call)
            outputs = [self._to_wire(endpoint, await self._add_files(value)) for value in results]
        except AppError as error:
            failure = _Failure(error.message, error.title or "Error", None)
            return _plan([], failure, behaviour.delay)
        return _plan(outputs, failure, behaviour.delay)

    async def _results(
        self, endpoint: FakeEndpoint, behaviour: _Behaviour, call: ReceivedCall
    ) -> list[Any]:
        """Return the partial results and the result, as a caller of `returns` writes them."""
        if behaviour.values is not None:
            return list(behaviour.values)
        if not behaviour.has_result:
            return self._generate_results(endpoint, call)
        result = behaviour.result
        if callable(result):
            result = await _call_function(result, call)
            self._check(endpoint, result)
        return [result]

    def _generate_results(self, endpoint: FakeEndpoint, call: ReceivedCall) -> list[Any]:
        """Return a generated result; of an endpoint that streams, partial results before it."""
        key = json.dumps([self._seed, call.endpoint, call.arguments], sort_keys=True, default=str)
        rng = random.Random(hashlib.sha256(key.encode()).digest())  # noqa: S311
        values = [
            ValueGenerator(
                self._app.output_schema, slot.component, rng, self._server.add_file
            ).generate(slot.schema)
            for slot in endpoint.visible_outputs
        ]
        fractions = (0.3, 0.6, 1.0) if endpoint.streaming else (None,)
        steps = [
            values if fraction is None else [_beginning(value, fraction) for value in values]
            for fraction in fractions
        ]
        return [step[0] if len(step) == 1 else tuple(step) or None for step in steps]

    def _check(self, endpoint: FakeEndpoint, result: Any) -> None:
        outputs = endpoint.visible_outputs
        values = _split_outputs(outputs, result)
        if len(values) != len(outputs):
            raise InvalidInputError(
                f"{endpoint.name} returns {len(outputs)} values, got {len(values)}"
            )
        lines = [
            f"value {number}: {line}"
            for number, (slot, value) in enumerate(zip(outputs, values, strict=True), 1)
            if not isinstance(value, Update)
            for line in schema_problems(slot.schema, _to_json(value), root=self._app.output_schema)
        ]
        lines += [
            f"value {number}: {path} is not a file"
            for number, value in enumerate(values, 1)
            for path in _find_paths(value)
            if not path.is_file()
        ]
        if lines:
            raise InvalidInputError(
                f"{endpoint.name} cannot return this value: {'; '.join(lines)}", problems=lines
            )

    def _to_wire(self, endpoint: FakeEndpoint, result: Any) -> list[Any]:
        """Return the value of every output, null for State."""
        values = iter(_split_outputs(endpoint.visible_outputs, result))
        return [None if slot is None else next(values) for slot in endpoint.outputs]

    async def _add_files(self, value: Any) -> Any:
        """Return the JSON of a value, after putting its files on the server."""
        value = _to_json(value)
        if isinstance(value, (File, Path, bytes)):
            file = File(value)
            return self._server.add_file(await file.read(), file.name)
        if is_list(value):
            return [await self._add_files(item) for item in value]
        if is_object(value):
            return {key: await self._add_files(item) for key, item in value.items()}
        return value


def _split_outputs(outputs: Sequence[Slot], result: Any) -> Sequence[Any]:
    """Return the value of each output."""
    if not outputs:
        return () if result is None else (result,)
    if len(outputs) == 1:
        return (result,)
    return result if is_list(result) else (result,)


def _plan(outputs: list[list[Any]], failure: _Failure | None, delay: float) -> JobPlan:
    if failure is None:
        return JobPlan(outputs, delay=delay)
    disconnects = failure.error is None
    return JobPlan(outputs, failure.error, failure.title, disconnects, delay)


def _find_paths(value: Any) -> Iterator[Path]:
    """Yield the paths of files in a result."""
    value = _to_json(value)
    if isinstance(value, Path):
        yield value
    elif is_list(value) or is_object(value):
        for item in value.values() if is_object(value) else value:
            yield from _find_paths(item)


async def _call_function(function: Callable[[ReceivedCall], Any], call: ReceivedCall) -> Any:
    try:
        result = function(call)
        return await result if inspect.isawaitable(result) else result
    except SpaceError:
        raise
    except Exception as error:
        raise InvalidInputError(
            f"your function for {call.endpoint} in the fake Space raised {error!r}"
        ) from error


def _to_json(value: Any) -> Any:
    if isinstance(value, Update):
        return {**value.properties, "__type__": "update"}
    return value.model_dump(by_alias=True) if isinstance(value, BaseModel) else value


def _beginning(value: Any, fraction: float) -> Any:
    """Return the beginning of a text or a list; any other value is returned whole."""
    if isinstance(value, str):
        words = value.split(" ")
        return " ".join(words[: max(1, round(len(words) * fraction))])
    if is_list(value) and value:
        return list(value)[: max(1, round(len(value) * fraction))]
    return value
