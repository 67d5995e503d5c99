"""The classes and methods of a generated client, with all their Python names."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from spacecall._core.schema_nodes import Schema
from spacecall.codegen._python.python_expressions import Expr
from spacecall.endpoints import OAuth

__all__ = [
    "ABSENT",
    "IMPORTS",
    "SCHEMA_CONSTANT",
    "ClientPlan",
    "MethodPlan",
    "ModelPlan",
    "ValuePlan",
]

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
        "spacecall": {"Call", "Feed", "File", "FileInput", "FileSource"},
        "spacecall.sync": {"SyncCall", "SyncFeed"},
        "spacecall.typed": {
            *("APP_DEFAULT", "AnyValue", "AppChoice", "AppDefault", "AppObject", "Arguments"),
            *("DateInput", "SyncTypedClient", "TableInput", "TypedClient", "TypedEndpoint"),
            "WithFiles",
        },
    },
)
"""The names that a generated module may import, by module, in blocks."""

SCHEMA_CONSTANT = "_SCHEMA"
"""The constant of a generated module that holds the sha256 of its schema."""


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""Stands for a missing default."""


@dataclass(frozen=True, slots=True)
class ValuePlan:
    """A field of a model, a parameter or an output.

    Attributes:
        json_name: its name in JSON.
        field: its name in a model or named tuple.
        parameter: its name as a keyword.
        schema: the JSON Schema of its value.
        required: whether the caller must give it.
        default: the app's default; `ABSENT` if there is none.
        component: the kind of component, of a parameter.
        label: the label on the app's page, or the kind of component.
        description: the app's description.
        choice_names: the names of its choices on the app's page, if no alias tells them.
        constant: the module's constant that holds the default; empty if it is written in place.
        app_default: whether the default is read from the live app, because the app computes it, or
            it is too long to be written or contains a file.
    """

    json_name: str
    field: str
    parameter: str
    schema: Schema
    required: bool = True
    default: Any = ABSENT
    component: str = ""
    label: str = ""
    description: str = ""
    choice_names: str = ""
    constant: str = ""
    app_default: bool = False


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """An object type, which becomes a class.

    Attributes:
        key: its name in `$defs`.
        name: the name of its class.
        description: the app's description.
        fields: its fields in the app's order.
    """

    key: str
    name: str
    description: str
    fields: tuple[ValuePlan, ...]


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """An endpoint, which becomes a method.

    Attributes:
        api_name: its name in the app, `/echo`.
        method: the name of the method.
        constant: the name of its `TypedEndpoint`.
        input_class: the name of the class of its inputs.
        output_class: the name of the class or alias of its outputs.
        inputs: its parameters.
        outputs: its outputs.
        streaming: whether it streams partial results.
        stateful: whether it uses State.
        event_data: whether it reads what the user selected or clicked on the page.
        oauth: whether it takes a user's token.
        description: the app's description.
        shape: its fingerprint; empty if there is none.
        stream_method: the name of the method that streams inputs; empty if it takes no stream.
        stream_input: the name in JSON of the input that takes the stream; empty if there is none.
    """

    api_name: str
    method: str
    constant: str
    input_class: str
    output_class: str
    inputs: tuple[ValuePlan, ...]
    outputs: tuple[ValuePlan, ...]
    streaming: bool
    stateful: bool
    event_data: bool
    oauth: OAuth | None
    description: str
    shape: str = ""
    stream_method: str = ""
    stream_input: str = ""


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """A client.

    Attributes:
        name: the name of its class; the synchronous class has the prefix `Sync`.
        definitions: all object types of the app, by their names in `$defs`.
        models: the object types that become classes.
        operations: the endpoints in the app's order.
        choices: the aliases of the lists of choices, by the list.
        choice_texts: the descriptions of the aliases.
    """

    name: str
    definitions: Mapping[str, Schema]
    models: tuple[ModelPlan, ...]
    operations: tuple[MethodPlan, ...]
    choices: Mapping[Expr, str]
    choice_texts: Mapping[str, str]
