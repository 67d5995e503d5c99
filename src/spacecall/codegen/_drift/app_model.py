"""An app's interface as drift sees it: what a schema folder and a live app have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spacecall.codegen._drift.findings import Place
from spacecall.codegen._drift.subschema import Typed
from spacecall.codegen._schemas.schema_folder import Access
from spacecall.endpoints import Visibility

__all__ = ["Access", "App", "Endpoint", "Value"]


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter or an output.

    Attributes:
        name: of a parameter; of an output `output 2`.
        label: what the app's users see, or an empty text.
        component: its kind in lower case.
        type: its schema.
        place: where a schema folder says so.
        required: whether a parameter has no default.
        default: of a parameter, where it has one.
        step: of a number, where known.
        many: whether several files are taken; None where it takes none.
        file_types: which files are taken; none for any.
    """

    name: str
    label: str
    component: str
    type: Typed = field(repr=False)
    place: Place
    required: bool = False
    default: Any = None
    step: float | None = None
    many: bool | None = None
    file_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A function of the app.

    Attributes:
        name: `/echo`.
        inputs: in the order of the wire, without State.
        outputs: in the order of the wire, without State.
        streaming: whether it gives values while it works.
        queued: whether its jobs wait in a queue.
        stateful: whether it uses State.
        visibility: public or undocumented.
        place: where a schema folder says so.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    streaming: bool
    queued: bool
    stateful: bool
    visibility: Visibility
    place: Place


@dataclass(frozen=True, slots=True)
class App:
    """An app.

    Attributes:
        gradio: its Gradio version; empty where unknown.
        protocol: `sse_v3` and so on; empty where unknown.
        endpoints: by name, in the app's order.
        others: why further endpoints are not among them, by name: `private`, `undocumented`.
        chosen: whether the endpoints are those that somebody named, not all public ones.
        max_file_size: the largest upload in bytes; None for no limit.
        access: what it wants to be called; None where unknown.
        hardware: the Hub's name of what it runs on, `zero-a10g`; None where unknown.
    """

    gradio: str
    protocol: str
    endpoints: Mapping[str, Endpoint]
    others: Mapping[str, str]
    chosen: bool
    max_file_size: int | None
    access: Access | None = None
    hardware: str | None = None
