"""The components of an app's page, as /config describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from spacecall._core.json_values import as_dict, as_list, as_str
from spacecall._core.translations import read_translations, translate
from spacecall.component_updates import pair_choices

__all__ = ["AppComponents", "Component", "component_ids", "page_events", "runs_on_load"]

# Gradio 3.x does not mark the components that its API leaves out: these.
_HIDDEN_TYPES = frozenset(
    {"accordion", "box", "column", "dataset", "form", "group", "interpretation", "row"}
    | {"state", "tab", "tabitem", "tabs"}
)


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


class AppComponents:
    """The components of an app by id; each is parsed when it is looked up."""

    def __init__(self, config: Mapping[str, Any], functions: Sequence[Mapping[str, Any]]) -> None:
        documents = ((raw.get("id"), raw) for raw in map(as_dict, config["components"]))
        self._documents = {number: raw for number, raw in documents if isinstance(number, int)}
        self._translations = read_translations(config)
        self._functions = functions
        self._parsed: dict[int, Component] = {}

    def __getitem__(self, number: int) -> Component:
        component = self._parsed.get(number)
        if component is None:
            component = self._parsed.setdefault(number, self._parse(number))
        return component

    @cached_property
    def inputs(self) -> Set[int]:
        """The ids of the components that are inputs of functions."""
        return {number for raw in self._functions for number in component_ids(raw.get("inputs"))}

    @cached_property
    def _set_on_load(self) -> Set[int]:
        loading = (raw for raw in self._functions if runs_on_load(page_events(raw)))
        return {number for raw in loading for number in component_ids(raw.get("outputs"))}

    @cached_property
    def _passing_props(self) -> Set[object]:
        return {number for raw in self._functions for number in _prop_inputs(raw)}

    def _parse(self, number: int) -> Component:
        raw = self._documents.get(number, {})
        kind = as_str(raw.get("type")).lower()
        props = as_dict(raw.get("props"))
        skip = raw.get("skip_api")
        return Component(
            id=number,
            type=kind,
            label=translate(as_str(props.get("label")), self._translations),
            info=translate(as_str(props.get("info")), self._translations),
            props=props,
            is_state=kind == "state",
            skip_api=skip if isinstance(skip, bool) else kind in _HIDDEN_TYPES,
            set_on_load=number in self._set_on_load,
            passes_props=number in self._passing_props,
        )


def page_events(raw: Mapping[str, Any]) -> list[list[Any]]:
    """Return the events of the page that run a function: pairs of a component's id and a name."""
    return list(map(as_list, as_list(raw.get("targets"))))


def runs_on_load(targets: list[list[Any]]) -> bool:
    """Return whether the page runs a function when it loads, as it does for `gr.Number(random)`."""
    return any(target[1:] == ["load"] for target in targets)


def component_ids(ids: object) -> list[int]:
    """Return the ids in a function's list of inputs or outputs."""
    return [number for number in as_list(ids) if isinstance(number, int)]


def _prop_inputs(raw: Mapping[str, Any]) -> list[object]:
    """Return the ids of the components that a function takes with their properties."""
    inputs, indices = as_list(raw.get("inputs")), as_list(raw.get("component_prop_inputs"))
    valid = {index for index in indices if isinstance(index, int) and 0 <= index < len(inputs)}
    return [inputs[index] for index in valid if isinstance(inputs[index], int)]
