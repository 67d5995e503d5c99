"""The functions of an app, as /config describes them.

An app has up to thousands of functions, and a call needs one of them: a function is parsed when it
is looked up, and so are its components.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, overload

from spacecall._core.app_components import (
    AppComponents,
    Component,
    component_ids,
    page_events,
    runs_on_load,
)
from spacecall._core.endpoint_names import endpoint_name
from spacecall._core.json_values import as_dict, as_list
from spacecall.endpoints import Visibility
from spacecall.errors import SchemaDriftError

__all__ = ["AppFunctions", "Dependency", "FunctionsDigest"]

_PRECEDENCE: tuple[Visibility, ...] = ("public", "undocumented", "private")
_MAX_SLOTS = 100
"""Inputs and outputs of a function that is parsed when it is looked up."""
_MAX_FUNCTIONS = 10_000
"""Functions of an app that are parsed when they are looked up."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One function of the app.

    Attributes:
        fn_index: its index in the queue's requests; it changes when the app changes.
        api_name: its name as the app's author wrote it; None if it cannot be called by name.
        inputs: its input components, hidden ones included.
        outputs: its output components, hidden ones included.
        queued: whether its jobs wait in the app's queue.
        generator: whether it streams partial results.
        visibility: public, undocumented or private.
        batch: whether the server collects calls into batches; callers send single values.
        streaming_input: whether its jobs wait for further inputs of a stream (5+).
        stream_targets: the ids of the components whose streams (`.stream()` events) run it.
        prop_inputs: indices of `inputs` whose function takes the component with its properties.
        event_data: whether it reads the selection or click of a user of the page.
        triggers: the ids of the components whose events run it on the page.
        computes_default: whether the page runs it when it loads, to set another function's input.
        trigger_after: the index of the function after which the page runs it; None for no such one.
        server_function: the server function of its only output that it stands for; empty for a
            function of the app.
        visible_returns: the outputs that an API caller receives.
    """

    fn_index: int
    api_name: str | None
    inputs: tuple[Component, ...]
    outputs: tuple[Component, ...]
    queued: bool = True
    generator: bool = False
    visibility: Visibility = "public"
    batch: bool = False
    streaming_input: bool = False
    stream_targets: frozenset[int] = frozenset()
    prop_inputs: frozenset[int] = frozenset()
    event_data: bool = False
    triggers: tuple[int, ...] = ()
    computes_default: bool = False
    trigger_after: int | None = None
    server_function: str = ""
    visible_returns: tuple[Component, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        visible = tuple(component for component in self.outputs if not component.hidden)
        object.__setattr__(self, "visible_returns", visible)

    @property
    def name(self) -> str | None:
        """The endpoint's name, such as `/echo`; None if it cannot be called by name."""
        return None if self.api_name is None else endpoint_name(self.api_name)

    @property
    def stateful(self) -> bool:
        """Whether it reads or writes State, which lives in a session."""
        return any(component.is_state for component in (*self.inputs, *self.outputs))

    @property
    def visible_inputs(self) -> tuple[Component, ...]:
        """The inputs that an API caller passes."""
        return tuple(component for component in self.inputs if not component.hidden)

    @property
    def stream_index(self) -> int | None:
        """The index in `visible_inputs` of the input that takes a stream; None if there is none."""
        ids = [component.id for component in self.visible_inputs]
        indices = [index for index, number in enumerate(ids) if number in self.stream_targets]
        return indices[0] if indices else None

    def fill_slots(
        self, values: Sequence[Any], changed_props: Mapping[int, Mapping[str, Any]] | None = None
    ) -> list[Any]:
        """Return the data list of a request, with `values` in the visible slots.

        State gets None. Other hidden slots get their initial value: a button's is its text. A slot
        of `prop_inputs` gets the component's properties with the value among them.

        Args:
            values: of the visible inputs.
            changed_props: the properties that a session has changed, by the component's id.

        Raises:
            SchemaDriftError: there are more or fewer values than visible inputs.
        """
        expected = len(self.visible_inputs)
        if len(values) != expected:
            raise SchemaDriftError(f"{self.name} takes {expected} values, got {len(values)}")
        remaining = iter(values)
        data: list[Any] = [
            component.initial_value if component.hidden else next(remaining)
            for component in self.inputs
        ]
        for index in self.prop_inputs:
            component = self.inputs[index]
            changed = (changed_props or {}).get(component.id, {})
            data[index] = {**component.props, **changed, "value": data[index]}
        return data

    def select_visible(self, data: Sequence[Any]) -> list[Any]:
        """Return the values of the visible outputs; `data` may be shorter than `outputs`."""
        if len(self.visible_returns) == len(self.outputs):
            return list(data[: len(self.outputs)])
        pairs = zip(data, self.outputs, strict=False)
        return [value for value, component in pairs if not component.hidden]


class AppFunctions(Sequence[Dependency]):
    """The functions of an app, in its order; each is parsed when it is looked up.

    A function of many inputs or outputs, and each of very many functions, is parsed at once, in the
    thread that parses the document.

    Args:
        config: the app's /config, with the lists `components` and `dependencies`.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._documents: list[Mapping[str, Any]] = list(map(as_dict, config["dependencies"]))
        self._components = AppComponents(config, self._documents)
        self._queued = config.get("enable_queue") is not False
        self._parsed: dict[int, Dependency] = {}
        self._by_name = _positions_by_name(self._documents)
        has_many = len(self._documents) > _MAX_FUNCTIONS
        for position, raw in enumerate(self._documents):
            if has_many or _slot_count(raw) > _MAX_SLOTS:
                self._parse(position)

    @overload
    def __getitem__(self, index: int) -> Dependency: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Dependency]: ...

    def __getitem__(self, index: int | slice) -> Dependency | Sequence[Dependency]:
        positions = range(len(self._documents))[index]
        if isinstance(positions, range):
            return tuple(map(self._parse, positions))
        return self._parse(positions)

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def names(self) -> Collection[str]:
        """The names of the functions that can be called by name."""
        return self._by_name.keys()

    @cached_property
    def undocumented(self) -> Collection[str]:
        """The names of functions that the app does not document."""
        named = ((_api_name(raw), raw) for raw in self._documents)
        return {
            endpoint_name(name)
            for name, raw in named
            if name is not None and _visibility(raw) == "undocumented"
        }

    def find(self, name: str) -> Dependency | None:
        """Return the function called `name`; see `AppConfig.find`."""
        positions = self._by_name.get(name)
        return self._parse(positions[0]) if positions else None

    def find_number(self, fn_index: int) -> Dependency | None:
        """Return the first function with this `fn_index`; None if there is no such one."""
        position = self._by_number.get(fn_index)
        return None if position is None else self._parse(position)

    @property
    def numbers(self) -> Collection[int]:
        """The `fn_index` of each function."""
        return self._by_number.keys()

    def is_ambiguous(self, name: str) -> bool:
        """Return whether several functions are called `name`."""
        return len(self._by_name.get(name, ())) > 1

    def has(self, function: Dependency) -> bool:
        """Return whether `function` was looked up here: other runs have equal functions."""
        return any(parsed is function for parsed in self._parsed.values())

    @cached_property
    def _by_number(self) -> Mapping[int, int]:
        numbers = (_fn_index(*entry) for entry in enumerate(self._documents))
        positions: dict[int, int] = {}
        for position, number in enumerate(numbers):
            positions.setdefault(number, position)
        return positions

    def _parse(self, position: int) -> Dependency:
        function = self._parsed.get(position)
        if function is None:
            raw = self._documents[position]
            function = _dependency(position, raw, self._components, queued=self._queued)
            # of two threads that parse it, the first one's counts
            function = self._parsed.setdefault(position, function)
        return function


class FunctionsDigest:
    """A digest of an app's functions, their order and the meaning of their inputs and outputs.

    It is computed when it is first compared with another one.

    Args:
        functions: the app's functions.
        protocol: what else decides whether requests for one run are valid for another one.
    """

    __slots__ = ("_functions", "_protocol", "_value")

    def __init__(self, functions: Iterable[Dependency], *protocol: str) -> None:
        self._functions: Iterable[Dependency] = functions
        self._protocol = protocol
        self._value = b""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FunctionsDigest):
            return NotImplemented
        return self is other or self._digest() == other._digest()

    def __hash__(self) -> int:
        return hash(self._digest())

    def _digest(self) -> bytes:
        functions = self._functions  # before the value: another thread may set both
        if not self._value:
            text = repr((*self._protocol, _describe(list(functions))))
            self._value = sha256(text.encode(errors="backslashreplace")).digest()
            self._functions = ()  # the document behind them may be large
        return self._value


def _describe(functions: Sequence[Dependency]) -> list[object]:
    slots = [slot for function in functions for slot in (*function.inputs, *function.outputs)]
    # Functions share components: each is described once.
    components = {id(slot): slot for slot in slots}
    texts = {key: repr(_identity(component)) for key, component in components.items()}
    return [
        (
            *(function.fn_index, function.api_name, function.queued, function.generator),
            *(function.batch, function.streaming_input, sorted(function.prop_inputs)),
            [texts[id(component)] for component in function.inputs],
            [texts[id(component)] for component in function.outputs],
        )
        for function in functions
    ]


def _identity(component: Component) -> tuple[object, ...]:
    """Return the properties that decide what a component's value means in a request."""
    shape = [str(component.props.get(name)) for name in ("multiselect", "file_count")]
    return component.kind, component.label, component.hidden, *shape


def _computes_default(raw: Mapping[str, Any], targets: list[list[Any]], taken: Set[int]) -> bool:
    """Return whether a function only computes the default of a component in `taken`.

    Gradio adds such a function for `randomize=True` and for a callable `value`. It runs when the
    page loads, and perhaps when one of its inputs changes or a timer ticks, and sets one component.
    Up to Gradio 5 its target is `[null, "load"]`; Gradio 6 names the page's id, as for a load event
    of the author. Both are treated alike.

    Args:
        raw: the function in /config.
        targets: its events: lists of a component's id and an event's name.
        taken: the ids of the components that are inputs of functions.
    """
    if not runs_on_load(targets):
        return False
    inputs, outputs = component_ids(raw.get("inputs")), component_ids(raw.get("outputs"))
    if len(outputs) != 1 or outputs[0] not in taken or outputs[0] in inputs:
        return False
    changes = [[number, "change"] for number in inputs]
    return all(target[1:] in (["load"], ["tick"]) or target in changes for target in targets)


def _positions_by_name(functions: Sequence[Mapping[str, Any]]) -> Mapping[str, list[int]]:
    """Return the positions of the functions that have a name; see `AppConfig.find`."""
    by_name: dict[str, list[int]] = {}
    for position, raw in enumerate(functions):
        name = _api_name(raw)
        if name is not None:
            by_name.setdefault(endpoint_name(name), []).append(position)
    for namesakes in by_name.values():
        if len(namesakes) > 1:  # the most public first, and of these the last
            namesakes.reverse()
            namesakes.sort(key=lambda position: _PRECEDENCE.index(_visibility(functions[position])))
    return by_name


def _slot_count(raw: Mapping[str, Any]) -> int:
    return len(as_list(raw.get("inputs"))) + len(as_list(raw.get("outputs")))


def _api_name(raw: Mapping[str, Any]) -> str | None:
    """Return the name of a function; None without a function on the server: it is no endpoint."""
    name = raw.get("api_name")
    return name if isinstance(name, str) and raw.get("backend_fn") is not False else None


def _fn_index(position: int, raw: Mapping[str, Any]) -> int:
    number = raw.get("id")
    return number if isinstance(number, int) else position


def _dependency(
    position: int,
    raw: Mapping[str, Any],
    components: AppComponents,
    *,
    queued: bool,
) -> Dependency:
    targets = page_events(raw)
    queue = raw.get("queue")
    types = as_dict(raw.get("types"))
    after = raw.get("trigger_after")
    inputs = _slots(raw.get("inputs"), components)
    prop_inputs = as_list(raw.get("component_prop_inputs"))
    indices = {index for index in prop_inputs if isinstance(index, int)}
    return Dependency(
        fn_index=_fn_index(position, raw),
        api_name=_api_name(raw),
        inputs=inputs,
        outputs=_slots(raw.get("outputs"), components),
        queued=queue if isinstance(queue, bool) else queued,
        generator=types.get("generator") is True or types.get("continuous") is True,
        visibility=_visibility(raw),
        batch=raw.get("batch") is True,
        streaming_input=raw.get("connection") == "stream",
        stream_targets=_stream_targets(targets),
        prop_inputs=frozenset(index for index in range(len(inputs)) if index in indices),
        event_data=raw.get("collects_event_data") is True,
        triggers=_triggers(targets),
        computes_default=_computes_default(raw, targets, components.inputs),
        trigger_after=after if isinstance(after, int) else None,
    )


def _stream_targets(targets: list[list[Any]]) -> frozenset[int]:
    streams = [target[0] for target in targets if target[1:] == ["stream"]]
    return frozenset(number for number in streams if isinstance(number, int))


def _visibility(raw: Mapping[str, Any]) -> Visibility:
    for visibility in _PRECEDENCE:
        if raw.get("api_visibility") == visibility:
            return visibility
    if raw.get("api_name") is False:
        return "private"
    return "undocumented" if raw.get("show_api") is False else "public"


def _triggers(targets: list[list[Any]]) -> tuple[int, ...]:
    """Return the ids in a list of pairs of a component's id and an event's name."""
    numbers = [target[0] for target in targets if target and isinstance(target[0], int)]
    return tuple(dict.fromkeys(numbers))


def _slots(ids: object, components: AppComponents) -> tuple[Component, ...]:
    return tuple([components[number] for number in component_ids(ids)])
