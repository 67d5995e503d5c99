"""What an app's /config says about its functions: indices, hidden slots, queue, generators.

Reads the shapes of Gradio 3.50 to 6.x; what a version does not send gets that version's meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from spacecall._core.endpoint_names import endpoint_name
from spacecall._core.json_values import is_array, is_object, items, mapping, text
from spacecall._core.translations import translate, translations
from spacecall.endpoints import Visibility
from spacecall.errors import ProtocolError, SchemaDriftError

__all__ = ["AppConfig", "Component", "Dependency", "read_config"]

# Gradio 3.x marks no component as hidden from the API: these never were part of it.
_HIDDEN_TYPES = frozenset(
    {"accordion", "box", "column", "dataset", "form", "group", "interpretation", "row"}
    | {"state", "tab", "tabitem", "tabs"}
)
# Numbers that a version can have, and no digit after the last.
_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}(?![0-9])")
# The title of a page that has none.
_UNTITLED: Final = "Gradio"
_PRECEDENCE: tuple[Visibility, ...] = ("public", "undocumented", "private")


@dataclass(frozen=True, slots=True)
class Component:
    """One component of the app's page.

    Attributes:
        id: what dependencies refer to it by.
        type: its kind in lower case, such as `textbox`; empty when /config does not list it.
        label: its label, or an empty text.
        info: the app's remark on it, or an empty text.
        props: its properties, as sent.
        is_state: whether its value lives in the server's session.
        skip_api: whether API callers do not give or get its value.
        choices: the values to choose from, if it has any; one list for all who ask.
        null_choice: whether null is one of them.
    """

    id: int
    type: str
    label: str = ""
    info: str = field(default="", repr=False, hash=False)
    props: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, hash=False)
    is_state: bool = False
    skip_api: bool = False
    choices: list[Any] = field(init=False, repr=False, compare=False)
    null_choice: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # they come as `[label, value]` since 3.40 or so
        choices = [
            choice[1] if is_array(choice) and len(choice) == 2 else choice
            for choice in items(self.props.get("choices"))
        ]
        object.__setattr__(self, "choices", choices)
        object.__setattr__(self, "null_choice", None in choices)

    @property
    def hidden(self) -> bool:
        """Whether its slot carries nothing for an API caller."""
        return self.is_state or self.skip_api

    @property
    def kind(self) -> str:
        """The kind as /info has it: `lineplot`, where the component's type is `nativeplot`."""
        return text(self.props.get("name")).lower() or self.type

    @property
    def kept(self) -> Any:
        """What is sent for it by a caller who gives nothing; State lives on the server."""
        return None if self.is_state else self.props.get("value")


@dataclass(frozen=True, slots=True)
class Dependency:
    """One function of the app.

    Attributes:
        fn_index: what the queue calls it by; it changes when the app does.
        api_name: its name as the app's author wrote it; None if it cannot be called by name.
        inputs: its input components, hidden ones included.
        outputs: its output components, hidden ones included.
        queued: whether its jobs wait in the app's queue.
        generator: whether it gives values while it works.
        visibility: public, undocumented or private.
        batch: whether the server collects calls into batches; callers send single values.
        streaming_input: whether it takes its input as a stream.
        prop_inputs: places in `inputs` whose function takes the component, not its value alone.
        event_data: whether it reads what somebody selected or clicked on the page.
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
    prop_inputs: frozenset[int] = frozenset()
    event_data: bool = False

    @property
    def name(self) -> str | None:
        """`/echo`, or None if it cannot be called by name."""
        return None if self.api_name is None else endpoint_name(self.api_name)

    @property
    def stateful(self) -> bool:
        """Whether it reads or writes State, which lives in a session."""
        return any(component.is_state for component in (*self.inputs, *self.outputs))

    @property
    def visible_inputs(self) -> tuple[Component, ...]:
        """The inputs that an API caller gives."""
        return tuple(component for component in self.inputs if not component.hidden)

    @property
    def visible_returns(self) -> tuple[Component, ...]:
        """The outputs that an API caller gets."""
        return tuple(component for component in self.outputs if not component.hidden)

    def fill(self, values: Sequence[Any]) -> list[Any]:
        """The wire's data list: `values` in the visible slots, None for State.

        Other hidden slots get what the page has there at first: a button's is its text. A slot of
        `prop_inputs` gets the component's properties with the value among them.

        Raises:
            SchemaDriftError: there are more or fewer values than visible inputs.
        """
        expected = len(self.visible_inputs)
        if len(values) != expected:
            raise SchemaDriftError(f"{self.name} takes {expected} values, got {len(values)}")
        given = iter(values)
        data: list[Any] = [one.kept if one.hidden else next(given) for one in self.inputs]
        for place in self.prop_inputs:
            data[place] = {**self.inputs[place].props, "value": data[place]}
        return data

    def visible_outputs(self, data: Sequence[Any]) -> list[Any]:
        """The values of `data` that are not in hidden slots; `data` may be shorter than outputs."""
        pairs = zip(data, self.outputs, strict=False)
        return [value for value, component in pairs if not component.hidden]


@dataclass(frozen=True, slots=True)
class AppConfig:
    """One app.

    Attributes:
        version: Gradio's version, `6.31.0`; empty when unknown.
        version_info: the same as numbers, `(6, 31, 0)`.
        protocol: `sse_v3` and so on; `ws` for Gradio 3.x, which does not say.
        api_prefix: put before the path of every API request, `/gradio_api` or an empty text.
        app_id: changes whenever the app is started.
        title: the page's title; empty if the author gave none.
        space_id: `owner/name` of the Space it runs on.
        max_file_size: the largest upload in bytes; None for no limit.
        dependencies: its functions, in the app's order.
        show_error: whether errors of the app that are no gr.Error come with their text.
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
    _named: Mapping[str, list[Dependency]] = field(init=False, repr=False, compare=False)
    _layout: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named: dict[str, list[Dependency]] = {}
        for dependency in self.dependencies:
            if dependency.name is not None:
                named.setdefault(dependency.name, []).append(dependency)
        for rivals in named.values():
            # the most public first, and of these the last
            rivals.reverse()
            rivals.sort(key=lambda rival: _PRECEDENCE.index(rival.visibility))
        object.__setattr__(self, "_named", named)

    @property
    def layout(self) -> str:
        """A digest of what a request has to know of the functions; runs of one app have the same.

        It is of which function is which, and of what their arguments and outputs mean.
        """
        if not self._layout:
            functions = [
                (
                    *(function.fn_index, function.api_name, function.queued, function.generator),
                    *(function.batch, function.streaming_input, sorted(function.prop_inputs)),
                    [_meaning(component) for component in function.inputs],
                    [_meaning(component) for component in function.outputs],
                )
                for function in self.dependencies
            ]
            text = repr((self.version, self.protocol, self.api_prefix, functions))
            digest = sha256(text.encode(errors="backslashreplace")).hexdigest()
            object.__setattr__(self, "_layout", digest)
        return self._layout

    def find(self, name: str) -> Dependency | None:
        """The function called exactly `name`, such as `/echo`, if there is one.

        Where several have the name, it is the one that /info describes: the most public, and of
        these the last.
        """
        rivals = self._named.get(name)
        return rivals[0] if rivals else None

    def is_ambiguous(self, name: str) -> bool:
        """Whether several functions are called `name`."""
        return len(self._named.get(name, ())) > 1


def read_config(config: object) -> AppConfig:
    """Reads what /config answered, already parsed from JSON.

    Raises:
        ProtocolError: this is not the configuration of a Gradio app.
    """
    if not is_object(config):
        got = "null" if config is None else type(config).__name__
        raise ProtocolError(f"not a Gradio config: a JSON object was expected, got {got}")
    for key in ("components", "dependencies"):
        if not is_array(config.get(key)):
            keys = ", ".join(repr(str(name)[:40]) for name in list(config)[:6]) or "nothing"
            raise ProtocolError(f"not a Gradio config: it has no list {key!r}, it has {keys}")
    meanings = translations(config)
    found = (_component(mapping(raw), meanings) for raw in config["components"])
    components = {component.id: component for component in found if component}
    version = text(config.get("version"))
    size = config.get("max_file_size")
    prefix = text(config.get("api_prefix")).strip("/")
    app_id = config.get("app_id")
    queued = config.get("enable_queue") is not False
    title = text(config.get("title"))
    return AppConfig(
        version=version,
        version_info=_version_info(version),
        protocol=text(config.get("protocol")) or "ws",
        api_prefix=f"/{prefix}" if prefix else "",
        app_id=None if app_id is None else str(app_id),
        title="" if title == _UNTITLED else title,
        space_id=text(config.get("space_id")) or None,
        max_file_size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        dependencies=tuple(
            _dependency(position, raw, components, queued=queued)
            for position, raw in enumerate(map(mapping, config["dependencies"]))
        ),
        show_error=config.get("show_error") is True,
    )


def _meaning(component: Component) -> tuple[object, ...]:
    """What tells a component's value from that of another one, in a request or an answer."""
    shape = [str(component.props.get(name)) for name in ("multiselect", "file_count")]
    return component.kind, component.label, component.hidden, *shape


def _component(raw: Mapping[str, Any], meanings: Mapping[str, Any]) -> Component | None:
    number = raw.get("id")
    if not isinstance(number, int):
        return None
    kind = text(raw.get("type")).lower()
    props = mapping(raw.get("props"))
    skip = raw.get("skip_api")
    return Component(
        id=number,
        type=kind,
        label=translate(text(props.get("label")), meanings),
        info=translate(text(props.get("info")), meanings),
        props=props,
        is_state=kind == "state",
        skip_api=skip if isinstance(skip, bool) else kind in _HIDDEN_TYPES,
    )


def _dependency(
    position: int, raw: Mapping[str, Any], components: Mapping[int, Component], *, queued: bool
) -> Dependency:
    number = raw.get("id")
    queue = raw.get("queue")
    types = mapping(raw.get("types"))
    name = raw.get("api_name")
    inputs = _slots(raw.get("inputs"), components)
    numbers = items(raw.get("component_prop_inputs"))
    whole = {number for number in numbers if isinstance(number, int)}
    return Dependency(
        fn_index=number if isinstance(number, int) else position,
        # without a function on the server there is nothing to call
        api_name=name if isinstance(name, str) and raw.get("backend_fn") is not False else None,
        inputs=inputs,
        outputs=_slots(raw.get("outputs"), components),
        queued=queue if isinstance(queue, bool) else queued,
        generator=types.get("generator") is True or types.get("continuous") is True,
        visibility=_visibility(raw),
        batch=raw.get("batch") is True,
        streaming_input=raw.get("connection") == "stream",
        prop_inputs=frozenset(place for place in range(len(inputs)) if place in whole),
        event_data=raw.get("collects_event_data") is True,
    )


def _visibility(raw: Mapping[str, Any]) -> Visibility:
    for visibility in _PRECEDENCE:
        if raw.get("api_visibility") == visibility:
            return visibility
    if raw.get("api_name") is False:
        return "private"
    return "undocumented" if raw.get("show_api") is False else "public"


def _slots(ids: object, components: Mapping[int, Component]) -> tuple[Component, ...]:
    numbers = [one for one in items(ids) if isinstance(one, int)]
    return tuple(components.get(number) or Component(id=number, type="") for number in numbers)


def _version_info(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(map(int, found[0].split("."))) if found else ()
