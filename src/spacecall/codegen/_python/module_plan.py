"""What a client consists of, with all its Python names."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from spacecall._core.schema_nodes import Schema
from spacecall.codegen._python.python_expressions import Expr

__all__ = ["ABSENT", "IMPORTS", "SCHEMA", "Model", "Operation", "Plan", "Value"]

IMPORTS: tuple[Mapping[str, Set[str]], ...] = (
    {
        "collections.abc": {"Mapping", "Sequence"},
        "typing": {
            "TYPE_CHECKING",
            "Annotated",
            "Any",
            "Final",
            "Literal",
            "NamedTuple",
            "TypeAlias",
        },
    },
    {
        "pydantic": {"Field"},
    },
    {
        "spacecall": {"Call", "File", "FileInput", "FileSource"},
        "spacecall.sync": {"SyncCall"},
        "spacecall.typed": {
            *("APP_DEFAULT", "AnyValue", "AppChoice", "AppDefault", "AppObject", "Arguments"),
            *("DateInput", "SyncTypedClient", "TableInput", "TypedClient", "TypedEndpoint"),
            "WithFiles",
        },
    },
)
"""What a generated module may import, by module, in blocks."""

SCHEMA = "_SCHEMA"
"""The constant of a generated module that has the sha256 of its schema."""


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""Stands where there is no default."""


@dataclass(frozen=True, slots=True)
class Value:
    """A field of a model, a parameter or an output.

    Attributes:
        wire: what it is called in JSON.
        field: what it is called in a model or named tuple.
        parameter: what it is called as a keyword.
        schema: of its value.
        required: whether it must be given.
        default: used where it is not; `ABSENT` if there is none.
        component: its component's kind; of a parameter.
        label: what users of the app see, or its component's kind.
        description: the app's remark.
        constant: the module's constant that holds the default; empty where it can be written in
            place.
        app_default: whether the app's default is too long to be written, or has a file in it: it
            is read from the live app.
    """

    wire: str
    field: str
    parameter: str
    schema: Schema
    required: bool = True
    default: Any = ABSENT
    component: str = ""
    label: str = ""
    description: str = ""
    constant: str = ""
    app_default: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """An object type: a class.

    Attributes:
        key: its name in `$defs`.
        name: its class.
        description: the app's remark.
        fields: in the app's order.
    """

    key: str
    name: str
    description: str
    fields: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint: a method.

    Attributes:
        api_name: what the app calls it, `/echo`.
        method: its name.
        constant: the name of its `TypedEndpoint`.
        takes: the class of its inputs.
        gives: the class or alias of its output.
        inputs: its parameters.
        outputs: its outputs.
        streaming: whether it gives values while it works.
        stateful: whether it uses State.
        event_data: whether it reads what somebody selected or clicked on the page.
        description: the app's remark.
        shape: its fingerprint, or an empty text.
    """

    api_name: str
    method: str
    constant: str
    takes: str
    gives: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    streaming: bool
    stateful: bool
    event_data: bool
    description: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A client.

    Attributes:
        name: its class; the synchronous one is called `Sync` and the same.
        definitions: all object types of the app, by their names in `$defs`.
        models: the object types that become classes.
        operations: in the app's order.
        choices: the names of long lists of choices, by the list.
    """

    name: str
    definitions: Mapping[str, Schema]
    models: tuple[Model, ...]
    operations: tuple[Operation, ...]
    choices: Mapping[Expr, str]
