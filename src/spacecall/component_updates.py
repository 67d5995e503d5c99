"""What functions change of components besides their values: choices, labels, visibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

__all__ = ["LayoutUpdate", "Update", "Updated"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Update:
    """What a function changes of the component of one output, besides its value.

    Attributes:
        properties: the properties that it changes, by Gradio's names, as JSON; empty if it changes
            none, or returns a plain value.
        has_value: whether it sets the value: not for `gr.skip()`, or an update without one.
    """

    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    has_value: bool = False

    @property
    def choices(self) -> list[Any] | None:
        """The values of the new choices; None if the choices are not changed."""
        pairs = self._choice_pairs()
        return None if pairs is None else [value for _, value in pairs]

    @property
    def choice_names(self) -> list[str] | None:
        """The names of the new choices on the app's page; None if they are not changed."""
        pairs = self._choice_pairs()
        return None if pairs is None else [name for name, _ in pairs]

    def _choice_pairs(self) -> list[tuple[str, Any]] | None:
        choices = self.properties.get("choices")
        return None if choices is None else pair_choices(choices)

    @property
    def label(self) -> str | None:
        """The new label; None if it is not changed."""
        label = self.properties.get("label")
        return label if isinstance(label, str) else None

    @property
    def visible(self) -> bool | None:
        """Whether the component is visible now; None if that is not changed."""
        visible = self.properties.get("visible")
        return None if visible is None else visible is True

    @property
    def interactive(self) -> bool | None:
        """Whether the component takes input on the page now; None if that is not changed."""
        interactive = self.properties.get("interactive")
        return interactive if isinstance(interactive, bool) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutUpdate(Update):
    """What a function changes of a tab, row, accordion, button or other component without a value.

    Attributes:
        component: its type, such as `tab`.
        component_id: its id in `space.config["components"]`.
    """

    component: str
    component_id: int


@dataclass(frozen=True, slots=True)
class Updated(Generic[T]):
    """An output of a call `with_updates()`.

    Attributes:
        value: the output of the same call without `with_updates()`.
        updates: one for each output of the endpoint.
        layout: one for each component without a value that the function can change, which is not an
            output of the endpoint.
    """

    value: T
    updates: tuple[Update, ...] = ()
    layout: tuple[LayoutUpdate, ...] = ()


def pair_choices(choices: object) -> list[tuple[str, Any]]:
    """Return the name and the value of each choice.

    Gradio sends a choice as `[name, value]` since about 3.40.
    """
    entries = cast("list[Any]", choices) if isinstance(choices, (list, tuple)) else []
    return [_name_and_value(entry) for entry in entries]


def _name_and_value(choice: object) -> tuple[str, Any]:
    if isinstance(choice, (list, tuple)) and len(cast("list[Any]", choice)) == 2:
        name, value = cast("list[Any]", choice)
        return str(name), value
    return str(cast("object", choice)), cast("Any", choice)
