"""Parse an app's /config: its functions and their components.

Reads the formats of Gradio 3.50 to 6.x. A field that a version does not send gets the value that
this version implies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from spacecall._core.endpoint_names import endpoint_name
from spacecall._core.json_values import as_dict, as_list, as_str, is_array, is_object
from spacecall._core.translations import read_translations, translate
from spacecall.component_updates import pair_choices
from spacecall.endpoints import Visibility
from spacecall.errors import ProtocolError, SchemaDriftError

__all__ = ["AppConfig", "Component", "Dependency", "parse_config"]

# Gradio 3.x does not mark the components that its API leaves out: these.
_HIDDEN_TYPES = frozenset(
    {"accordion", "box", "column", "dataset", "form", "group", "interpretation", "row"}
    | {"state", "tab", "tabitem", "tabs"}
)
# A bounded number of digits, and no digit after the last.
_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}(?![0-9])")
# A path of segments without escapes, none of which is `.` or `..`; Gradio's is `gradio_api`.
_PREFIX = re.compile(r"(?:[\w~-][\w.~-]{0,99}(?:/[\w~-][\w.~-]{0,99}){0,9})?", re.ASCII)
# Gradio's title of a page whose author set none.
_UNTITLED: Final = "Gradio"
_PRECEDENCE: tuple[Visibility, ...] = ("public", "undocumented", "private")


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the app's page.

    Attributes:
        id: the id that dependencies use.
        type: its type in lower case, such as `textbox`; empty if /config does not list it.
        label: its label, or an empty text.
        info: the author's help text, or an empty text.
        props: its properties, as sent.
        is_state: whether its value lives in the server's session.
        skip_api: whether API callers do not send or receive its value.
        set_on_load: whether a function computes its value whenever the page loads, such as a random
            seed. `/config` then has the value of when the app started.
        passes_props: whether a function takes it with its properties, see `Dependency.prop_inputs`.
        choices: the values of its choices. The list is shared: do not change it.
        has_null_choice: whether null is a choice.
    """

    id: int
    type: str
    label: str = ""
    info: str = field(default="", repr=False, hash=False)
    props: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, hash=False)
    is_state: bool = False
    skip_api: bool = False
    set_on_load: bool = False
    passes_props: bool = False
    choices: list[Any] = field(init=False, repr=False, compare=False)
    has_null_choice: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        choices = [value for _, value in pair_choices(self.props.get("choices"))]
        object.__setattr__(self, "choices", choices)
        object.__setattr__(self, "has_null_choice", None in choices)

    @property
    def choice_names(self) -> list[str]:
        """The names of its choices on the app's page, in the order of `choices`."""
        return [name for name, _ in pair_choices(self.props.get("choices"))]

    @property
    def hidden(self) -> bool:
        """Whether an API caller does not see its slot."""
        return self.is_state or self.skip_api

    @property
    def kind(self) -> str:
        """The kind that /info names: `lineplot` for a component of the type `nativeplot`."""
        return as_str(self.props.get("name")).lower() or self.type

    @property
    def initial_value(self) -> Any:
        """The value sent if the caller passes none; None for State, which the server holds."""
        return None if self.is_state else self.props.get("value")


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


@dataclass(frozen=True, slots=True)
class AppConfig:
    """The configuration of an app.

    Attributes:
        version: Gradio's version, `6.31.0`; empty when unknown.
        version_info: the version as numbers, `(6, 31, 0)`.
        protocol: the name of the queue protocol, such as `sse_v3`; `ws` for Gradio 3.x, which
            does not send it.
        api_prefix: the prefix of the path of every API request, `/gradio_api` or an empty text.
        app_id: the id of this run of the app; it changes with every start.
        title: the page's title; empty if the author set none.
        space_id: `owner/name` of the Space that it runs on.
        max_file_size: the largest upload in bytes; None for no limit.
        dependencies: its functions, in the app's order.
        show_error: whether the app sends the text of every error, not only of gr.Error.
        connect_heartbeat: whether the app does something when a session ends.
    """

    version: str
    version_info: tuple[int, ...]
    protocol: str
    api_prefix: str
    app_id: str | None
    title: str
    space_id: str | None
    max_file_size: int | None
    dependencies: tuple[Dependency, ...]
    show_error: bool
    connect_heartbeat: bool = False
    _by_name: Mapping[str, list[Dependency]] = field(init=False, repr=False, compare=False)
    _functions_digest: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, list[Dependency]] = {}
        for dependency in self.dependencies:
            if dependency.name is not None:
                by_name.setdefault(dependency.name, []).append(dependency)
        for namesakes in by_name.values():
            # the most public first, and of these the last
            namesakes.reverse()
            namesakes.sort(key=lambda namesake: _PRECEDENCE.index(namesake.visibility))
        object.__setattr__(self, "_by_name", by_name)

    @property
    def functions_digest(self) -> str:
        """A digest of the functions, their order and the meaning of their inputs and outputs.

        Requests for one app stay valid for another run of it that has the same digest.
        """
        if not self._functions_digest:
            slots = [
                component
                for function in self.dependencies
                for component in (*function.inputs, *function.outputs)
            ]
            # Functions share components: each is described once.
            meanings = {id(slot): slot for slot in slots}
            texts = {key: repr(_identity(component)) for key, component in meanings.items()}
            functions = [
                (
                    *(function.fn_index, function.api_name, function.queued, function.generator),
                    *(function.batch, function.streaming_input, sorted(function.prop_inputs)),
                    [texts[id(component)] for component in function.inputs],
                    [texts[id(component)] for component in function.outputs],
                )
                for function in self.dependencies
            ]
            text = repr((self.version, self.protocol, self.api_prefix, functions))
            digest = sha256(text.encode(errors="backslashreplace")).hexdigest()
            object.__setattr__(self, "_functions_digest", digest)
        return self._functions_digest

    def find(self, name: str) -> Dependency | None:
        """Return the function called exactly `name`, such as `/echo`; None if there is no such one.

        If several functions have the name, return the function that /info describes: the most
        public, and of these the last.
        """
        namesakes = self._by_name.get(name)
        return namesakes[0] if namesakes else None

    def is_ambiguous(self, name: str) -> bool:
        """Return whether several functions are called `name`."""
        return len(self._by_name.get(name, ())) > 1


def parse_config(config: object) -> AppConfig:
    """Parse the JSON value that /config returned.

    Raises:
        ProtocolError: it is not the configuration of a Gradio app.
    """
    if not is_object(config):
        got = "null" if config is None else type(config).__name__
        raise ProtocolError(f"not a Gradio config: expected a JSON object, got {got}")
    for key in ("components", "dependencies"):
        if not is_array(config.get(key)):
            keys = ", ".join(repr(str(name)[:40]) for name in list(config)[:6]) or "none"
            raise ProtocolError(f"not a Gradio config: it has no list {key!r} (keys: {keys})")
    translations = read_translations(config)
    dependencies = list(map(as_dict, config["dependencies"]))
    targets = [list(map(as_list, as_list(raw.get("targets")))) for raw in dependencies]
    loaded = {
        id_
        for raw, events in zip(dependencies, targets, strict=True)
        if _runs_on_load(events)
        for id_ in _ids(raw.get("outputs"))
    }
    taken = {id_ for raw in dependencies for id_ in _ids(raw.get("inputs"))}
    passed = {id_ for raw in dependencies for id_ in _prop_inputs(raw)}
    parsed = (
        _component(as_dict(raw), translations, loaded, passed) for raw in config["components"]
    )
    components = {component.id: component for component in parsed if component}
    version = as_str(config.get("version"))
    size = config.get("max_file_size")
    prefix = as_str(config.get("api_prefix")).strip("/")
    if not _PREFIX.fullmatch(prefix):
        raise ProtocolError(f"not a Gradio config: the api_prefix {prefix[:40]!r} is not a path")
    app_id = config.get("app_id")
    queued = config.get("enable_queue") is not False
    title = as_str(config.get("title"))
    return AppConfig(
        version=version,
        version_info=_version_info(version),
        protocol=as_str(config.get("protocol")) or "ws",
        api_prefix=f"/{prefix}" if prefix else "",
        app_id=None if app_id is None else str(app_id),
        title="" if title == _UNTITLED else title,
        space_id=as_str(config.get("space_id")) or None,
        max_file_size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        dependencies=tuple(
            _dependency(position, raw, events, components, taken, queued=queued)
            for position, (raw, events) in enumerate(zip(dependencies, targets, strict=True))
        ),
        show_error=config.get("show_error") is True,
        connect_heartbeat=config.get("connect_heartbeat") is True,
    )


def _identity(component: Component) -> tuple[object, ...]:
    """Return the properties that decide what a component's value means in a request."""
    shape = [str(component.props.get(name)) for name in ("multiselect", "file_count")]
    return component.kind, component.label, component.hidden, *shape


def _runs_on_load(targets: list[list[Any]]) -> bool:
    """Return whether the page runs a function when it loads, as it does for `gr.Number(random)`."""
    return any(target[1:] == ["load"] for target in targets)


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
    if not _runs_on_load(targets):
        return False
    inputs, outputs = _ids(raw.get("inputs")), _ids(raw.get("outputs"))
    if len(outputs) != 1 or outputs[0] not in taken or outputs[0] in inputs:
        return False
    changes = [[number, "change"] for number in inputs]
    return all(target[1:] in (["load"], ["tick"]) or target in changes for target in targets)


def _prop_inputs(raw: Mapping[str, Any]) -> list[object]:
    """Return the ids of the components that a function takes with their properties."""
    inputs, indices = as_list(raw.get("inputs")), as_list(raw.get("component_prop_inputs"))
    valid = {index for index in indices if isinstance(index, int) and 0 <= index < len(inputs)}
    return [inputs[index] for index in valid if isinstance(inputs[index], int)]


def _component(
    raw: Mapping[str, Any], translations: Mapping[str, Any], loaded: Set[int], passed: Set[object]
) -> Component | None:
    number = raw.get("id")
    if not isinstance(number, int):
        return None
    kind = as_str(raw.get("type")).lower()
    props = as_dict(raw.get("props"))
    skip = raw.get("skip_api")
    return Component(
        id=number,
        type=kind,
        label=translate(as_str(props.get("label")), translations),
        info=translate(as_str(props.get("info")), translations),
        props=props,
        is_state=kind == "state",
        skip_api=skip if isinstance(skip, bool) else kind in _HIDDEN_TYPES,
        set_on_load=number in loaded,
        passes_props=number in passed,
    )


def _dependency(
    position: int,
    raw: Mapping[str, Any],
    targets: list[list[Any]],
    components: Mapping[int, Component],
    taken: Set[int],
    *,
    queued: bool,
) -> Dependency:
    number = raw.get("id")
    queue = raw.get("queue")
    types = as_dict(raw.get("types"))
    after = raw.get("trigger_after")
    name = raw.get("api_name")
    inputs = _slots(raw.get("inputs"), components)
    prop_inputs = as_list(raw.get("component_prop_inputs"))
    indices = {index for index in prop_inputs if isinstance(index, int)}
    return Dependency(
        fn_index=number if isinstance(number, int) else position,
        # without a function on the server there is no endpoint
        api_name=name if isinstance(name, str) and raw.get("backend_fn") is not False else None,
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
        computes_default=_computes_default(raw, targets, taken),
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


def _slots(ids: object, components: Mapping[int, Component]) -> tuple[Component, ...]:
    return tuple(components.get(id_) or Component(id=id_, type="") for id_ in _ids(ids))


def _ids(ids: object) -> list[int]:
    return [number for number in as_list(ids) if isinstance(number, int)]


def _version_info(version: str) -> tuple[int, ...]:
    match = _VERSION.match(version)
    return tuple(map(int, match[0].split("."))) if match else ()
