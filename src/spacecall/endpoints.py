"""The endpoints of an app, as described by its /info and /config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = [
    "NO_DEFAULT",
    "Endpoint",
    "JsonSchema",
    "OAuth",
    "Parameter",
    "ReturnValue",
    "Visibility",
]

Visibility: TypeAlias = Literal["public", "undocumented", "private"]
"""/info lists public endpoints, undocumented ones only on request, and no private ones."""

OAuth: TypeAlias = Literal["required", "optional"]
"""Whether a function needs the token of the user for whom it acts, or can use one."""

JsonSchema: TypeAlias = Mapping[str, Any]
"""A JSON Schema of an app."""


class _NoDefault:
    """The type of `NO_DEFAULT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_DEFAULT"

    def __reduce__(self) -> str:
        return "NO_DEFAULT"  # copies and pickles keep its identity


NO_DEFAULT = _NoDefault()
"""The default of a parameter without a default, since None can be a default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of an endpoint.

    Attributes:
        name: the keyword of the argument.
        label: the component's label, as the app's users see it.
        component: the component's kind in lower case, such as `textbox`.
        schema: the JSON Schema 2020-12 of its JSON value, with limits and choices.
        default: the value used when the argument is left out, or `NO_DEFAULT`.
        description: the app's help text, with ranges and formats.
        name_from_label: whether the app's function does not name it: `name` is then made from the
            label and changes with it.
        computed_default: whether the app computes the default each time its page loads, such as a
            random seed or the date. `default` is then the value of when the app started.
    """

    name: str
    label: str
    component: str
    schema: JsonSchema = field(repr=False)
    default: Any = NO_DEFAULT
    description: str = ""
    name_from_label: bool = False
    computed_default: bool = False

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
        schema: the JSON Schema 2020-12 of its JSON value.
        description: the app's help text.
    """

    label: str
    component: str
    schema: JsonSchema = field(repr=False)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of an app.

    Attributes:
        name: its name, such as `/echo`.
        parameters: its inputs in order, without hidden State.
        returns: its outputs in order, without hidden State.
        streaming: whether it streams partial results.
        queued: whether its jobs wait in the app's queue.
        stateful: whether it reads or writes State, which lives in a session.
        visibility: public, undocumented or private.
        description: the function's docstring.
        event_data: whether it reads the selection or click of a user of the page, such as
            `gr.SelectData`. The function may fail without it: see `CallOptions.event_data`.
        oauth: whether it takes a user's Hugging Face token (`gr.OAuthToken`), see
            `CallOptions.oauth_token`; None if it takes none, or its Gradio is older than 6.21.
        stream_input: the parameter that takes a stream, such as a webcam's; None if there is none.
            See `Space.stream`.
        computes_default: whether the app's page runs it only to compute the default of another
            endpoint's parameter, as for `randomize=True`.
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
    oauth: OAuth | None = None
    stream_input: str | None = None
    computes_default: bool = False

    @property
    def listed(self) -> bool:
        """Whether lists of endpoints and typed clients include it, unless you name it.

        It is public, and does not only compute a default.
        """
        return self.visibility == "public" and not self.computes_default
