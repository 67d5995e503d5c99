"""`Caller`, the base of Space and Session: makes calls of an app's endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Never, TypeVar, Unpack

from spacecall._client.calls.call import Call
from spacecall._client.calls.call_arguments import (
    bind_arguments,
    bind_by_position,
    get_endpoint,
    unknown_endpoint_error,
)
from spacecall._client.calls.call_preparation import Prepare
from spacecall._client.calls.feed import Bind, Feed, FindInput, check_takes_stream
from spacecall._client.calls.prepared_call import DynamicDecoder, PreparedCall
from spacecall._client.calls.queue_call import CallContext, QueueCall, SequenceCall
from spacecall._client.streams.connection import Connection
from spacecall._core.app_functions import Dependency
from spacecall._core.endpoint_names import match_endpoint
from spacecall._core.input_check import find_refusals
from spacecall._core.server_functions import find_server_function
from spacecall._core.session_components import SessionComponents
from spacecall._io.request_settings import Settings
from spacecall.endpoints import Endpoint
from spacecall.errors import NotFoundError
from spacecall.options import CallOptions

T = TypeVar("T")

_NOT_DESCRIBED = "opened with describe=False: call describe() first"


class Caller:
    """Makes calls. Get one from `Space`, `Space.session` or `with_options`."""

    def __init__(self, context: CallContext | None) -> None:
        self._entered_context = context

    @property
    def _context(self) -> CallContext:
        if self._entered_context is None:
            raise RuntimeError("open the Space first: async with Space(…) as space")
        return self._entered_context

    @property
    def url(self) -> str:
        """The app's address."""
        return self._context.connection.app_client.base

    @property
    def app_id(self) -> str | None:
        """The id of this run of the app, until it restarts; None if the app does not send it."""
        context = self._context
        return (context.connection if context.channel is None else context.channel).app.app_id

    @property
    def gradio_version(self) -> tuple[int, ...]:
        """The app's Gradio release, such as `(6, 31, 0)`; empty if the app does not say."""
        return self._context.connection.app.version_info

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """The app's endpoints by name, in the app's order; read-only.

        Those of a session have the choices and limits that its calls have set.

        Raises:
            RuntimeError: the Space was opened with `describe=False`: await `describe` first.
        """
        endpoints = self._context.connection.endpoints
        if endpoints is None:
            raise RuntimeError(_NOT_DESCRIBED)
        if (channel := self._context.channel) is not None:
            endpoints = channel.components.describe(endpoints, channel.app)
        return MappingProxyType(endpoints)

    @property
    def config(self) -> dict[str, Any]:
        """The app's /config, as a new copy: the components, the functions, the release.

        After a restart of the app that a call noticed, it is the /config of the new app.
        """
        return self._context.connection.config

    @property
    def info(self) -> dict[str, Any]:
        """The app's /info, as a new copy: the endpoints with their JSON Schemas.

        Raises:
            RuntimeError: the Space was opened with `describe=False`: await `describe` first.
        """
        info = self._context.connection.info
        if info is None:
            raise RuntimeError(_NOT_DESCRIBED)
        return info

    async def describe(self, *, all_endpoints: bool = False) -> Mapping[str, Endpoint]:
        """Return `endpoints`; read them from the app if that has not been done.

        Args:
            all_endpoints: also those that the app does not document
                (`api_visibility="undocumented"`, or `show_api=False` before Gradio 6), if its
                Gradio describes them: since 4.44.
        """
        return await self._context.connection.describe(all_endpoints=all_endpoints)

    def call(self, endpoint: str, /, *positional: Never, **arguments: Any) -> Call[Any]:
        """Call an endpoint by name; its arguments are its `Endpoint.parameters`, by name.

        An endpoint that the app does not document can be called too, see `describe`.

        A file argument is anything that `File` takes. Inside an object it has to be a `File`, a
        `Path` or bytes: a string there is never opened as a file. The result is None, a value, or a
        tuple if the endpoint has several outputs; files are `File` handles.

        Raises:
            TypeError: `endpoint` is not a string, or an argument is given without its name.

        When the call is awaited or entered, it raises:
            NotFoundError: the app has no such endpoint.
            InvalidInputError: an argument is unknown, missing, or does not fit the app's schema.
            SchemaDriftError: an output is not a file where the app's schema has one.
        """
        self._check_names(endpoint, positional)
        return make_call(self, endpoint, _bind(endpoint, arguments))

    def stream(self, endpoint: str, /, *positional: Never, **arguments: Any) -> Feed[Any, Any]:
        """Open a stream of inputs to an endpoint, such as a webcam's: enter it, see `Feed`.

        Args:
            endpoint: its name. One of its inputs has a `.stream()` event: `Endpoint.stream_input`.
            positional: nothing; arguments are given by name.
            arguments: the other inputs of the endpoint, as those of `call`.

        Raises:
            TypeError: `endpoint` is not a string, or an argument is given without its name.

        When the stream is entered, it raises:
            NotFoundError: the app has no such endpoint.
            InvalidInputError: the endpoint takes no stream.
        """
        self._check_names(endpoint, positional)

        async def find_input(connection: Connection) -> str:
            described = await find_endpoint(connection, endpoint)
            index = check_takes_stream(find_dependency(connection, described.name))
            return described.parameters[index].name

        return make_feed(
            self, endpoint, lambda values: _bind(endpoint, values), find_input, arguments
        )

    def call_raw(self, function: str | int, values: Sequence[Any] = (), /) -> Call[Any]:
        """Call a function with values by position, which are not checked against a schema.

        Use it for apps that cannot describe themselves (/info is not needed), for wrong schemas,
        and for functions without a name. Outputs are decoded as those of `call`.

        Args:
            function: its name, or its number (`fn_index`) in the /config that the Space was opened
                with. After a restart a numbered function is found by its name.
            values: one for each visible input (State is not visible), in the app's order. A `File`,
                `Path`, bytes or binary file object is uploaded, at any depth; a string is sent as
                it is.

        When the call is awaited or entered, it raises:
            NotFoundError: the app has no such function; or the function has no name, and the app
                was restarted with other functions.
            InvalidInputError: the function takes another number of values, or a value cannot be
                sent as JSON.
        """
        name = function if isinstance(function, str) else f"fn_index {function}"

        async def prepare(connection: Connection, *_: object) -> PreparedCall[Any]:
            dependency = find_function(connection, function)
            arguments = bind_by_position(name, dependency.visible_inputs, values)
            described = (connection.endpoints or {}).get(dependency.name or "")
            oauth = None if described is None else described.oauth
            return PreparedCall(dependency, arguments, DynamicDecoder(), oauth)

        return make_call(self, name, prepare)

    def call_component(
        self, component: str | int, function: str, value: Any = None, /
    ) -> Call[Any]:
        """Call a server function of a component: what its page calls on the server by itself.

        `await space.call_component("files", "ls", ["folder"])` lists a folder of a `FileExplorer`.
        Components of an app's author have others (Gradio's `@server`). They wait in no queue.

        Args:
            component: its label, its `elem_id`, or its id in `Space.config`, whose `server_fns`
                are the names of its functions.
            function: the name of the function.
            value: its argument, as JSON; files in it are uploaded as those of `call_raw`.

        When the call is awaited or entered, it raises:
            NotFoundError: the app has no such component or function.
            InvalidInputError: several components have this name, or the value cannot be sent.
            StatusError: the function failed; Gradio sends no text of its error.
        """
        name = f"{component}.{function}"

        async def prepare(connection: Connection, *_: object) -> PreparedCall[Any]:
            endpoint = find_server_function(connection.config, component, function)
            values = bind_by_position(name, endpoint.visible_inputs, [value])
            return PreparedCall(endpoint, values, DynamicDecoder())

        return make_call(self, name, prepare)

    def _check_names(self, endpoint: object, positional: Sequence[object]) -> None:
        """Raise TypeError for a function number and for arguments without names.

        gradio_client takes both.
        """
        endpoints = self._context.connection.endpoints or {}
        if not isinstance(endpoint, str):
            name = next(iter(endpoints), "/predict")
            kind = type(endpoint).__name__
            raise TypeError(f"an endpoint is called by its name, as {name!r}, got {kind}")
        if positional:
            described = endpoints.get(match_endpoint(endpoint, endpoints) or "")
            parameters = described.parameters if described else ()
            names = ", ".join(f"{parameter.name}=…" for parameter in parameters) or "name=…"
            names = self._context.connection.app_client.redactor()(names)
            raise TypeError(f"arguments are given by name: write call({endpoint!r}, {names})")

    def sequence(self, endpoint: str, steps: Callable[[Caller], Awaitable[Call[T]]]) -> Call[T]:
        """Return one call that makes several calls, one after another.

        Args:
            endpoint: the name of the last endpoint, for errors.
            steps: makes all calls but the last, and returns the last. Its argument is a caller with
                the options of the whole call.
        """
        return SequenceCall(endpoint, self._context, lambda context: steps(Caller(context)))

    def with_options(self, **options: Unpack[CallOptions]) -> Caller:
        """Return a caller with other options for its calls, see `CallOptions`."""
        return Caller(self._context.override(**options))


def _bind(endpoint: str, arguments: Mapping[str, Any]) -> Prepare[Any]:
    """Return what prepares a dynamic call with these arguments."""

    async def prepare(
        connection: Connection, settings: Settings, changed: SessionComponents
    ) -> PreparedCall[Any]:
        described = await find_endpoint(connection, endpoint)
        dependency = find_dependency(connection, described.name)
        check = find_refusals if settings.check else None
        components = dependency.visible_inputs
        parameters = changed.apply(described.parameters, components)
        values = bind_arguments(described.name, parameters, arguments, components, check)
        decoder = DynamicDecoder(connection.file_schemas(described.name))
        return PreparedCall(dependency, values, decoder, described.oauth)

    return prepare


def make_call(caller: Caller, endpoint: str, prepare: Prepare[T]) -> Call[T]:
    """Return a call that `prepare` prepares: dynamic and typed calls are made of it."""
    context = caller._context  # pyright: ignore[reportPrivateUsage] - of this module
    return QueueCall(endpoint, context, prepare)


def make_feed(
    caller: Caller,
    endpoint: str,
    bind: Bind[T],
    find_input: FindInput,
    arguments: Mapping[str, Any],
) -> Feed[Any, T]:
    """Return a stream of inputs: dynamic and typed streams are made of it."""
    context = caller._context  # pyright: ignore[reportPrivateUsage] - of this module
    return Feed(endpoint, context, bind, find_input, arguments)


async def find_endpoint(connection: Connection, name: str) -> Endpoint:
    """Return the endpoint called `name`, however it is spelled, even if it is not documented.

    Raises:
        NotFoundError: the app has no such endpoint, or does not describe it.
    """
    endpoints = await connection.describe()
    match = name if name in endpoints else None
    if match is None:
        undocumented = connection.app.dependencies.undocumented
        match = match_endpoint(name, endpoints.keys() | undocumented)
    if match is None or match in endpoints:
        return get_endpoint(endpoints, name)
    described = (await connection.describe(all_endpoints=True)).get(match)
    if described is None:
        raise NotFoundError(f"the app does not describe {match}: call it with call_raw")
    return described


def find_function(connection: Connection, function: str | int) -> Dependency:
    """Return the function with this name, however it is spelled, or with this number.

    Raises:
        NotFoundError: the app has no such function.
    """
    if isinstance(function, str):
        names = connection.app.dependencies.names
        return find_dependency(connection, match_endpoint(function, names) or function)
    functions = connection.initial_app.dependencies
    dependency = functions.find_number(function)
    if dependency is None:
        numbers = f"{min(functions.numbers)} to {max(functions.numbers)}" if functions else "none"
        raise NotFoundError(f"the app has no function with the number {function}; it has {numbers}")
    if dependency.name is not None and connection.functions_changed:
        return find_dependency(connection, dependency.name)
    if connection.functions_changed:
        raise NotFoundError(
            f"the function with the number {function} has no name to find it by: call a function "
            "by its name, or open the Space again and look the number up"
        )
    current = connection.app.dependencies.find_number(function)
    assert current is not None  # the functions did not change
    return current


def find_dependency(connection: Connection, name: str) -> Dependency:
    """Return the function of an endpoint, from the current /config.

    Raises:
        NotFoundError: the app has no such endpoint; the message suggests the nearest names.
    """
    dependency = connection.app.find(name)
    if dependency is None:
        raise unknown_endpoint_error(name, list(connection.app.dependencies.names))
    return dependency
