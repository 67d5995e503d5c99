"""What an app offers, read from its /info and /config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["NO_DEFAULT", "Endpoint", "Parameter", "ReturnValue", "Visibility"]

Visibility: TypeAlias = Literal["public", "undocumented", "private"]
"""Public endpoints are in /info, undocumented ones only if asked for; private ones are not."""

JsonSchema: TypeAlias = Mapping[str, Any]


class _NoDefault:
    """The type of `NO_DEFAULT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_DEFAULT"

    def __reduce__(self) -> str:
        return "NO_DEFAULT"  # copied and unpickled it is still the same object


NO_DEFAULT = _NoDefault()
"""Stands where a parameter has no default, since None can be one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of an endpoint.

    Attributes:
        name: the keyword to call it by.
        label: the component's label, as the app's users see it.
        component: the component's kind in lower case, such as `textbox`.
        schema: JSON Schema 2020-12 of its wire value; limits and choices included.
        default: the value used when the argument is left out, or `NO_DEFAULT`.
        description: a remark of the app's, with ranges and formats.
        name_from_label: whether the function has no name for it, so that `name` is made of the
            label and changes with it.
    """

    name: str
    label: str
    component: str
    schema: JsonSchema = field(repr=False)
    default: Any = NO_DEFAULT
    description: str = ""
    name_from_label: bool = False

    @property
    def required(self) -> bool:
        """Whether the argument must be given."""
        return self.default is NO_DEFAULT


@dataclass(frozen=True, slots=True)
class ReturnValue:
    """One output of an endpoint.

    Attributes:
        label: the component's label.
        component: the component's kind in lower case.
        schema: JSON Schema 2020-12 of its wire value.
        description: a remark of the app's.
    """

    label: str
    component: str
    schema: JsonSchema = field(repr=False)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One function that the app offers.

    Attributes:
        name: what to call it by, `/echo`.
        parameters: its inputs in wire order, hidden State left out.
        returns: its outputs in wire order, hidden State left out.
        streaming: whether it gives values while it works.
        queued: whether its jobs wait in the app's queue.
        stateful: whether it reads or writes State, which lives in a session.
        visibility: public, undocumented or private.
        description: the function's docstring.
        event_data: whether it reads what somebody selected or clicked on the page, such as
            `gr.SelectData`. A call does not send that, and the function may fail without it.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: tuple[ReturnValue, ...]
    streaming: bool
    queued: bool
    stateful: bool
    visibility: Visibility = "public"
    description: str = ""
    event_data: bool = False
