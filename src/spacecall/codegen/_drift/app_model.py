"""What two versions of an app are compared by; both a schema folder and a live app give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spacecall.codegen._drift.findings import Location
from spacecall.codegen._drift.subschema import SchemaNode
from spacecall.codegen._schemas.schema_folder import Access
from spacecall.endpoints import OAuth, Visibility

__all__ = ["Access", "AppModel", "EndpointModel", "ValueModel"]


@dataclass(frozen=True, slots=True)
class ValueModel:
    """A parameter or an output of an endpoint.

    Attributes:
        name: the parameter's name, or `output 2`.
        label: the label on the app's page; empty if it has none.
        component: the kind of component, in lower case.
        type: the JSON Schema.
        location: its position in a schema folder.
        required: whether it is a parameter without a default.
        default: the parameter's default; None if it has none, or if the app computes it.
        computed_default: whether the app computes the default when its page loads.
        app_default: whether calls send the live app's default instead of the pinned one.
        step: the step of a number; None if it is not known.
        rounded: whether the server rounds a number to decimal places.
        include_time: whether a date has a time; None if it is not known, or not a date.
        parsed_date: whether the server parses a date, and refuses another format.
        multiple_files: whether it takes several files; None if it does not take files.
        file_types: the types of files that it takes; empty for any.
    """

    name: str
    label: str
    component: str
    type: SchemaNode = field(repr=False)
    location: Location
    required: bool = False
    default: Any = None
    computed_default: bool = False
    app_default: bool = False
    step: float | None = None
    rounded: bool = False
    include_time: bool | None = None
    parsed_date: bool = False
    multiple_files: bool | None = None
    file_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointModel:
    """An endpoint of the app.

    Attributes:
        name: `/echo`.
        inputs: the parameters in the order of the request, without State.
        outputs: the outputs in the order of the response, without State.
        streaming: whether it streams partial results.
        queued: whether its jobs wait in the queue.
        stateful: whether it uses State.
        visibility: public or undocumented.
        location: its position in a schema folder.
        oauth: whether it takes a user's token.
        computes_default: whether it only computes the default of another endpoint's parameter.
        stream_input: the parameter that takes a stream; None if there is none.
    """

    name: str
    inputs: tuple[ValueModel, ...]
    outputs: tuple[ValueModel, ...]
    streaming: bool
    queued: bool
    stateful: bool
    visibility: Visibility
    location: Location
    oauth: OAuth | None = None
    computes_default: bool = False
    stream_input: str | None = None


@dataclass(frozen=True, slots=True)
class AppModel:
    """The interface of an app.

    Attributes:
        gradio: the Gradio version; empty if it is not known.
        protocol: the queue's protocol, `sse_v3`; empty if it is not known.
        endpoints: the endpoints by name, in the app's order.
        hidden: the visibility of the endpoints that are left out, by name: `private`,
            `undocumented`.
        selected: whether the user selected the endpoints; otherwise they are all public ones.
        max_file_size: the size limit of an upload in bytes; None for no limit.
        access: the credentials that the app requires; None if that is not known.
        hardware: the Hub's name of the Space's hardware, `zero-a10g`; None if it is not known.
    """

    gradio: str
    protocol: str
    endpoints: Mapping[str, EndpointModel]
    hidden: Mapping[str, str]
    selected: bool
    max_file_size: int | None
    access: Access | None = None
    hardware: str | None = None
