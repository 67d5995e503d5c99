"""What the demo apps are called with: examples, defaults and values at the edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.servers import DATA

Kind: TypeAlias = Literal["defaults", "example", "edge", "session"]

PICTURE: Final = DATA / "red.png"
SOUND: Final = DATA / "tone.wav"
NOTE: Final = DATA / "hello wörld.txt"

_TEXTS: Final[tuple[Any, ...]] = (None, "", 'ünï <b>"quoted"</b>\n\u2028😀', "x" * 3000)
_TABLES: Final[tuple[Any, ...]] = (
    None,
    {"headers": ["a", "b"], "data": [["x", 1], ["ü", 2.5]], "metadata": None},
    {"headers": ["a"], "data": [], "metadata": None},
    {"headers": ["a", "b"], "data": [[None, True]], "metadata": None},
)
_CHATS: Final[tuple[Any, ...]] = (
    None,
    [],
    [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "**yes**"}],
    [{"role": "user", "content": [{"type": "text", "text": "parts"}]}],
)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file argument, whatever the client that sends it calls one."""

    path: Path


_EDGES: Final[dict[str, tuple[Any, ...]]] = {
    "textbox": _TEXTS,
    "markdown": _TEXTS,
    "html": _TEXTS,
    "code": _TEXTS,
    "dialogue": ("Ann: hi", "", None),
    "colorpicker": ("#00ff7f", "rgb(1, 2, 3)", "", None),
    "number": (0, -3, 2.5, 1e-7, 2**53 + 1, None),
    "slider": (None,),
    "checkbox": (True, False, None),
    "json": ({}, [], {"a": [1, None, {"ü": False}]}, [[1.5]], None),
    "label": ("x", None),
    "highlightedtext": ([], [{"token": "a", "class_or_confidence": "X"}], None),
    "datetime": ("2024-01-31 23:59:59", "", 1700000000, "2024-01-31", None),
    "timer": (1, 0.5),
    "button": ("Label", None),
    "dataframe": _TABLES,
    "chatbot": _CHATS,
    "image": (LocalFile(PICTURE), None),
    "audio": (LocalFile(SOUND), None),
    "video": (LocalFile(NOTE), None),
    "model3d": (LocalFile(NOTE), None),
    "file": (LocalFile(NOTE), LocalFile(PICTURE), None),
    "uploadbutton": (LocalFile(NOTE), None),
    "downloadbutton": (LocalFile(NOTE), None),
    "gallery": (
        [],
        [{"image": LocalFile(PICTURE), "caption": None}],
        [{"image": LocalFile(PICTURE), "caption": "ü"}] * 2,
        None,
    ),
    "imageeditor": (
        {"background": LocalFile(PICTURE), "layers": [], "composite": LocalFile(PICTURE)},
        {"background": None, "layers": [LocalFile(PICTURE)], "composite": None},
        None,
    ),
    "imageslider": ([LocalFile(PICTURE), LocalFile(PICTURE)], None),
    "multimodaltextbox": (
        {"text": "only text", "files": []},
        {"text": "", "files": [LocalFile(PICTURE), LocalFile(NOTE)]},
        None,
    ),
    "fileexplorer": ([], ["red.png"], None),
    "browserstate": (["x", 2], None),
}
_BY_SCHEMA: Final[dict[str, tuple[Any, ...]]] = {
    "string": ("", "ü"),
    "integer": (0, -1),
    "number": (0.5, 3),
    "boolean": (True, False),
    "array": ([], ["a", "b"]),
    "object": ({}, {"a": 1.5}),
}
"""Of the parameters of `gr.api`, which have no component."""

_EXAMPLE_FILES: Final = {"image": PICTURE, "audio": SOUND}


@dataclass(frozen=True, slots=True)
class Case:
    """One or more calls of an endpoint; several share a session.

    Attributes:
        endpoint: `/name`.
        kind: what the arguments are.
        label: the argument that is at the edge, or empty.
        components: of the inputs, then of the outputs, in lower case.
        steps: the arguments of each call by the position of the parameter; what is left out takes
            its default.
    """

    endpoint: str
    kind: Kind
    label: str
    components: tuple[tuple[str, ...], tuple[str, ...]]
    steps: tuple[Mapping[int, Any], ...]

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"{self.endpoint} {self.kind}{f' {self.label}' if self.label else ''}"


@dataclass(frozen=True, slots=True)
class _Input:
    component: str
    schema: Mapping[str, Any]
    has_default: bool
    example: Any = None
    props: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def usual(self) -> Any:
        """The example that /info has, with files that are here."""
        several = self.schema.get("type") == "array"
        match self.component:
            case "video" | "model3d" | "file" | "uploadbutton" | "image" | "audio":
                file = LocalFile(_EXAMPLE_FILES.get(self.component, NOTE))
                return [file] if several else file
            case "fileexplorer":
                return ["red.png"] if several else "red.png"
            case "api":  # /info has "..." there, whatever the type
                return next(self.edges())
            case _:
                return _EDGES[self.component][1] if _names_a_file(self.example) else self.example

    def edges(self) -> Iterator[Any]:
        """Values that something might go wrong with."""
        items = self.schema.get("items", {})
        choices: list[Any] = self.schema.get("enum") or items.get("enum") or []
        match self.component:
            case "radio":
                yield from (*choices[:1], *choices[-1:], None, "no such choice")
            case "dropdown" if self.schema.get("type") != "array":
                yield from (*choices[:1], *choices[-1:], None, "no such choice")
            case "dropdown" | "checkboxgroup":
                yield from ([], choices[:1], choices, ["no such choice"], None)
            case "slider":
                low, high = self.props.get("minimum"), self.props.get("maximum")
                yield from (value for value in (low, high, None) if value is not None)
            case "api":
                yield from choices or _BY_SCHEMA.get(str(self.schema.get("type")), (None,))
            case _:
                several = self.schema.get("type") == "array"
                for value in _EDGES.get(self.component, (None,)):
                    listed = several and isinstance(value, LocalFile)
                    yield [value, value] if listed else value


def cases(documents: AppDocuments) -> list[Case]:
    """Every case of an app, by its own description.

    Written apart from how the library reads the same documents, so that one checks the other.
    """
    return [
        case
        for name, described in documents.info["named_endpoints"].items()
        if _is_public(described)
        for case in _endpoint_cases(name, described, documents.config)
    ]


def _is_public(described: Mapping[str, Any]) -> bool:
    """Whether clients are told of an endpoint: Gradio 6 says it by another name than 5."""
    is_hidden = described.get("api_visibility", "public") != "public"
    return not is_hidden and described.get("show_api", True) is True


def _endpoint_cases(
    name: str, described: Mapping[str, Any], config: Mapping[str, Any]
) -> Iterator[Case]:
    components = {component["id"]: component for component in config["components"]}
    function = next(entry for entry in config["dependencies"] if entry.get("api_name") == name[1:])
    slots = [components[number] for number in function["inputs"]]
    visible = [slot for slot in slots if not slot.get("skip_api") and slot["type"] != "state"]
    inputs = [
        _Input(
            str(entry["component"]).lower(),
            entry["type"],
            bool(entry["parameter_has_default"]),
            entry.get("example_input"),
            slot.get("props", {}),
        )
        for entry, slot in zip(described["parameters"], visible, strict=True)
    ]
    shape = (
        tuple(entry.component for entry in inputs),
        tuple(str(entry["component"]).lower() for entry in described["returns"]),
    )
    examples = {number: entry.usual() for number, entry in enumerate(inputs)}
    defaults = {
        number: value for number, value in examples.items() if not inputs[number].has_default
    }

    def case(kind: Kind, label: str, *steps: Mapping[int, Any]) -> Case:
        return Case(name, kind, label, shape, steps)

    yield case("defaults", "", {})
    if inputs:
        yield case("example", "", examples)
    for number, entry in enumerate(inputs):
        for value in entry.edges():
            yield case("edge", f"{number}={_short(value)}", {**defaults, number: value})
    states = [*function["inputs"], *function["outputs"]]
    if any(components[number]["type"] == "state" for number in states):
        yield case("session", "", examples, examples, examples)


def _names_a_file(value: Any) -> bool:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return "path" in fields or any(_names_a_file(item) for item in fields.values())
    if isinstance(value, list):
        return any(_names_a_file(item) for item in cast("list[Any]", value))
    return False


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:30]}…{len(text)}"
