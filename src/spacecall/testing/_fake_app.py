"""An app as a schema folder describes it, with the /config and /info that it would serve."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.app_info import parse_oauth
from spacecall._core.app_sources import base_url, space_id
from spacecall._core.endpoint_names import api_name_of
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list
from spacecall._core.schema_nodes import branches
from spacecall.codegen._schemas.schema_documents import (
    EXTENSION,
    JOIN_FILE,
    QUEUE_DATA_FILE,
    endpoint_schemas,
    get_extension,
    has_computed_default,
    referenced_types,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.endpoints import OAuth
from spacecall.testing._value_generator import ValueGenerator

_SHAPE: Final = re.compile(r"\(([^()]*)\) -> \(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Slot:
    """A visible input or output.

    Attributes:
        name: of a parameter; empty for an output.
        schema: of its value.
        required: whether a parameter has no default.
    """

    name: str
    schema: Mapping[str, Any]
    required: bool = False

    @property
    def component(self) -> str:
        """The kind of component, in lower case."""
        return as_str(get_extension(self.schema).get("component")) or "textbox"

    def default(self, document: Mapping[str, Any]) -> Any:
        """Return the default of a parameter; for one that the app computes, always the same value.

        Args:
            document: what the references of its schema point into.
        """
        if not has_computed_default(self.schema):
            return self.schema.get("default")
        rng = random.Random(self.name)  # noqa: S311
        generator = ValueGenerator(document, self.component, rng, lambda _, name: _file(name))
        return generator.generate(self.schema)


def _file(name: str) -> dict[str, Any]:
    return {"path": f"/tmp/gradio/{name}", "meta": {"_type": "gradio.FileData"}}  # noqa: S108


@dataclass(frozen=True, slots=True)
class FakeEndpoint:
    """One endpoint.

    Attributes:
        fn_index: of its function, by which the queue calls it.
        inputs: in the order of the wire; None for State.
        outputs: in the order of the wire; None for State.
        streaming: whether it sends partial results.
        queued: whether it is called through the queue.
        visibility: `public`, or that of an endpoint which the app hides.
        event_data: whether it reads the details of an event.
        oauth: whether it takes a user's token.
    """

    name: str
    fn_index: int
    inputs: tuple[Slot | None, ...]
    outputs: tuple[Slot | None, ...]
    streaming: bool
    queued: bool
    visibility: str
    event_data: bool = False
    oauth: OAuth | None = None

    @property
    def visible_inputs(self) -> list[Slot]:
        """The inputs without State."""
        return [slot for slot in self.inputs if slot]

    @property
    def visible_outputs(self) -> list[Slot]:
        """The outputs without State."""
        return [slot for slot in self.outputs if slot]


@dataclass(frozen=True, slots=True)
class FakeApp:
    """An app as a schema folder describes it.

    Attributes:
        endpoints: by name.
        input_schema: the document of the inputs, which their references point into.
        output_schema: the document of the outputs, which their references point into.
    """

    folder: SchemaFolder
    endpoints: Mapping[str, FakeEndpoint]
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]

    @property
    def space_id(self) -> str | None:
        """Its Space id; None if its schemas are not from a Space."""
        return space_id(self.folder.lock.source)

    @property
    def base_url(self) -> str:
        """The address that its schemas were fetched from, or an address that cannot exist."""
        if self.space_id:
            return f"https://{self.space_id.replace('/', '-').lower()}.hf.space"
        source = self.folder.lock.source
        return base_url(source) if source else "https://fake.invalid"

    @property
    def api_prefix(self) -> str:
        """The prefix of its API's paths; empty before Gradio 5."""
        major = self.folder.lock.gradio.partition(".")[0]
        return "" if major in ("3", "4") else "/gradio_api"

    def config(self) -> dict[str, Any]:
        """Return the JSON of /config."""
        components: list[dict[str, Any]] = []
        dependencies = [
            {
                "id": endpoint.fn_index,
                "api_name": api_name_of(endpoint.name),
                "inputs": list(_add_components(endpoint.inputs, components, self.input_schema)),
                "outputs": list(_add_components(endpoint.outputs, components, self.output_schema)),
                "queue": endpoint.queued,
                "types": {"generator": endpoint.streaming},
                "api_visibility": endpoint.visibility,
                "show_api": endpoint.visibility == "public",
                "backend_fn": True,
                "collects_event_data": endpoint.event_data,
            }
            for endpoint in self.endpoints.values()
        ]
        return {
            "version": self.folder.lock.gradio,
            "protocol": "sse_v3",
            "api_prefix": self.api_prefix,
            "app_id": 1,
            "title": self.folder.lock.title,
            "space_id": self.space_id,
            "show_error": True,
            "components": components,
            "dependencies": dependencies,
        }

    def info(self) -> dict[str, Any]:
        """Return the JSON of /info."""
        endpoints = {
            endpoint.name: {
                "parameters": [
                    _describe_parameter(slot, self.input_schema) for slot in endpoint.visible_inputs
                ],
                "returns": [
                    _describe_slot(slot, self.output_schema) for slot in endpoint.visible_outputs
                ],
                **({"oauth_token": endpoint.oauth} if endpoint.oauth else {}),
            }
            for endpoint in self.endpoints.values()
        }
        return {"named_endpoints": endpoints, "unnamed_endpoints": {}}


def load_fake_app(folder: SchemaFolder) -> FakeApp:
    """Return the app that a schema folder describes."""
    input_schema, output_schema = folder.documents[JOIN_FILE], folder.documents[QUEUE_DATA_FILE]
    outputs = endpoint_schemas(output_schema)
    endpoints = {
        name: _make_endpoint(fn_index, name, inputs, outputs.get(name, {}))
        for fn_index, (name, inputs) in enumerate(endpoint_schemas(input_schema).items())
    }
    return FakeApp(folder, endpoints, input_schema, output_schema)


def _make_endpoint(
    fn_index: int, name: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> FakeEndpoint:
    about, required = get_extension(inputs), as_str_list(inputs.get("required"))
    input_slots = [
        Slot(key, as_dict(schema), key in required)
        for key, schema in as_dict(inputs.get("properties")).items()
    ]
    output_slots = [Slot("", as_dict(schema)) for schema in as_list(outputs.get("prefixItems"))]
    shape = _SHAPE.match(as_str(about.get("shape")))
    input_kinds, output_kinds = (str(shape[part]).split(", ") if shape else [] for part in (1, 2))
    return FakeEndpoint(
        name=name,
        fn_index=fn_index,
        inputs=_insert_state(input_slots, input_kinds),
        outputs=_insert_state(output_slots, output_kinds),
        streaming=about.get("streaming") is True,
        queued=about.get("queued") is not False,
        visibility=as_str(about.get("visibility")) or "public",
        event_data=about.get("event_data") is True,
        oauth=parse_oauth(about.get("oauth")),
    )


def _insert_state(slots: Sequence[Slot], kinds: Sequence[str]) -> tuple[Slot | None, ...]:
    """Return the slots in the order of the wire, with None for each State of the shape."""
    if len([kind for kind in kinds if kind and kind != "state"]) != len(slots):
        return tuple(slots)
    visible = iter(slots)
    return tuple(None if kind == "state" else next(visible) for kind in kinds if kind)


def _add_components(
    slots: Sequence[Slot | None], components: list[dict[str, Any]], document: Mapping[str, Any]
) -> Iterator[int]:
    """Add a component for each slot, and yield its id."""
    for slot in slots:
        component_id = len(components) + 1
        props: dict[str, Any] = {}
        if slot:
            props = {"label": as_str(slot.schema.get("title")), "value": slot.default(document)}
            facts = get_extension(slot.schema)
            props |= {key: facts[key] for key in ("include_time",) if key in facts}
            if choices := _choices(slot.schema):
                props["choices"] = [[str(choice), choice] for choice in choices]
        kind = slot.component if slot else "state"
        components.append(
            {"id": component_id, "type": kind, "props": props, "skip_api": slot is None}
        )
        yield component_id


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    """Return the choices of a component, or of each of its items."""
    nodes = [schema, *map(as_dict, branches(schema))]
    nodes += [as_dict(node.get("items")) for node in nodes]
    lists = [as_list(node.get("enum")) for node in nodes]
    return next(filter(None, lists), list[Any]())


def _describe_slot(slot: Slot, document: Mapping[str, Any]) -> dict[str, Any]:
    definitions = referenced_types([slot.schema], as_dict(document.get("$defs")))
    schema = {key: value for key, value in slot.schema.items() if key != EXTENSION}
    return {
        "label": as_str(slot.schema.get("title")),
        "type": {**schema, **({"$defs": definitions} if definitions else {})},
        "component": slot.component,
    }


def _describe_parameter(slot: Slot, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_describe_slot(slot, document),
        "parameter_name": slot.name,
        "parameter_has_default": not slot.required,
        "parameter_default": slot.default(document),
    }
