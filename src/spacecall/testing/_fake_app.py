"""What an app would say of itself, made from a schema folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.endpoint_names import api_name_of
from spacecall._core.loose import items, mapping, strings, text
from spacecall._core.sources import base_url, space_id
from spacecall.codegen.schemas import JOIN, NOTES, QUEUE_DATA, described, notes, reached
from spacecall.codegen.store import SchemaFolder

_SHAPE: Final = re.compile(r"\(([^()]*)\) -> \(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Slot:
    """A visible input or output.

    Attributes:
        name: of a parameter; empty for an output.
        schema: what its value must fit.
        required: whether a parameter has no default.
    """

    name: str
    schema: Mapping[str, Any]
    required: bool = False

    @property
    def component(self) -> str:
        """The kind of component, in lower case."""
        return text(notes(self.schema).get("component")) or "textbox"


@dataclass(frozen=True, slots=True)
class Function:
    """One endpoint.

    Attributes:
        fn_index: what the queue calls it by.
        inputs: by place on the wire; None for State.
        outputs: the same.
    """

    name: str
    fn_index: int
    inputs: tuple[Slot | None, ...]
    outputs: tuple[Slot | None, ...]
    streaming: bool
    queued: bool
    visibility: str

    @property
    def visible_inputs(self) -> list[Slot]:
        """Without State."""
        return [one for one in self.inputs if one]

    @property
    def visible_outputs(self) -> list[Slot]:
        """Without State."""
        return [one for one in self.outputs if one]


@dataclass(frozen=True, slots=True)
class FakeApp:
    """An app as a schema folder describes it.

    Attributes:
        functions: by name.
        takes: the document of the inputs, which their references lead into.
        gives: the same of the outputs.
    """

    folder: SchemaFolder
    functions: Mapping[str, Function]
    takes: Mapping[str, Any]
    gives: Mapping[str, Any]

    @property
    def space(self) -> str | None:
        """Its Space id, if it has one."""
        return space_id(self.folder.lock.source)

    @property
    def base(self) -> str:
        """Where it is: the address that its schemas were taken from, or one that nothing has."""
        if self.space:
            return f"https://{self.space.replace('/', '-').lower()}.hf.space"
        source = self.folder.lock.source
        return base_url(source) if source else "https://fake.invalid"

    @property
    def prefix(self) -> str:
        """Of its API's paths: from Gradio 5 on there is one."""
        major = self.folder.lock.gradio.partition(".")[0]
        return "" if major in ("3", "4") else "/gradio_api"

    def config(self) -> dict[str, Any]:
        """What /config says."""
        components: list[dict[str, Any]] = []
        dependencies = [
            {
                "id": one.fn_index,
                "api_name": api_name_of(one.name),
                "inputs": list(_components(one.inputs, components)),
                "outputs": list(_components(one.outputs, components)),
                "queue": one.queued,
                "types": {"generator": one.streaming},
                "api_visibility": one.visibility,
                "show_api": one.visibility == "public",
                "backend_fn": True,
            }
            for one in self.functions.values()
        ]
        return {
            "version": self.folder.lock.gradio,
            "protocol": "sse_v3",
            "api_prefix": self.prefix,
            "app_id": 1,
            "title": self.folder.lock.title,
            "space_id": self.space,
            "show_error": True,
            "components": components,
            "dependencies": dependencies,
        }

    def info(self) -> dict[str, Any]:
        """What /info says."""
        named = {
            one.name: {
                "parameters": [_parameter(slot, self.takes) for slot in one.visible_inputs],
                "returns": [_described(slot, self.gives) for slot in one.visible_outputs],
            }
            for one in self.functions.values()
        }
        return {"named_endpoints": named, "unnamed_endpoints": {}}


def read_app(folder: SchemaFolder) -> FakeApp:
    """The app that a schema folder describes."""
    takes, gives = folder.documents[JOIN], folder.documents[QUEUE_DATA]
    outputs = described(gives)
    functions = {
        name: _function(number, name, one, outputs.get(name, {}))
        for number, (name, one) in enumerate(described(takes).items())
    }
    return FakeApp(folder, functions, takes, gives)


def _function(
    number: int, name: str, takes: Mapping[str, Any], gives: Mapping[str, Any]
) -> Function:
    about, required = notes(takes), strings(takes.get("required"))
    given = [
        Slot(key, mapping(one), key in required)
        for key, one in mapping(takes.get("properties")).items()
    ]
    got = [Slot("", mapping(one)) for one in items(gives.get("prefixItems"))]
    shape = _SHAPE.match(text(about.get("shape")))
    kinds = [str(shape[part]).split(", ") if shape else [] for part in (1, 2)]
    return Function(
        name=name,
        fn_index=number,
        inputs=_placed(given, kinds[0]),
        outputs=_placed(got, kinds[1]),
        streaming=about.get("streaming") is True,
        queued=about.get("queued") is not False,
        visibility=text(about.get("visibility")) or "public",
    )


def _placed(slots: Sequence[Slot], kinds: Sequence[str]) -> tuple[Slot | None, ...]:
    """The slots in the order of the wire, with State between them where the shape says so."""
    if len([kind for kind in kinds if kind and kind != "state"]) != len(slots):
        return tuple(slots)
    rest = iter(slots)
    return tuple(None if kind == "state" else next(rest) for kind in kinds if kind)


def _components(slots: Sequence[Slot | None], components: list[dict[str, Any]]) -> Iterator[int]:
    for slot in slots:
        number = len(components) + 1
        props = {"label": text(slot.schema.get("title"))} if slot else {}
        kind = slot.component if slot else "state"
        components.append({"id": number, "type": kind, "props": props, "skip_api": slot is None})
        yield number


def _described(slot: Slot, root: Mapping[str, Any]) -> dict[str, Any]:
    definitions = reached([slot.schema], mapping(root.get("$defs")))
    schema = {key: one for key, one in slot.schema.items() if key != NOTES}
    return {
        "label": text(slot.schema.get("title")),
        "type": {**schema, **({"$defs": definitions} if definitions else {})},
        "component": slot.component,
    }


def _parameter(slot: Slot, root: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_described(slot, root),
        "parameter_name": slot.name,
        "parameter_has_default": not slot.required,
        "parameter_default": slot.schema.get("default"),
    }
