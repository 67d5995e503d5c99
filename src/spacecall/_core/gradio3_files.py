"""Files as Gradio 3 writes them, made what they are since Gradio 4: FileData.

Seen on 3.50: a file is `{name, orig_name, size, data, is_file}`, and an image is its bytes as a
data URL, in arguments and in results; a file in the place of an image is an error of the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from spacecall._core.filedata import META, make_file_data
from spacecall._core.json_values import as_dict, as_list, as_str, is_array, is_object

__all__ = [
    "FILE_SCHEMA",
    "from_gradio3",
    "has_files",
    "is_gradio3_file",
    "to_gradio3",
    "uses_data_url",
]

_IMAGE: Final = "base64 representation of an image"

_HOLDERS: Final = frozenset(
    {"annotatedimage", "audio", "chatbot", "dataset", "file", "gallery", "image", "model3d"}
    | {"timeseries", "uploadbutton", "video"}
)

FILE_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "title": "FileData",
    "properties": {
        "path": {"type": "string"},
        "url": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "orig_name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "mime_type": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["path"],
}
"""The schema that stands for a file."""


def is_gradio3_file(schema: Mapping[str, Any]) -> bool:
    """Whether a schema of Gradio 3's /info means a file: the object, a path or it, or an image."""
    if schema.get("description") == _IMAGE:
        return True
    branches = as_list(schema.get("oneOf")) or as_list(schema.get("anyOf")) or [schema]
    members = [as_dict(as_dict(one).get("properties")) for one in branches]
    return any(one.keys() >= {"name", "data", "is_file"} for one in members)


def uses_data_url(kind: str) -> bool:
    """Whether files of this kind of component travel as data URLs."""
    return kind == "image"


def has_files(kind: str) -> bool:
    """Whether objects in the values of this kind of component are files: those of JSON are not."""
    return kind in _HOLDERS


def to_gradio3(payload: Mapping[str, Any]) -> Any:
    """What stands for a file's payload in arguments; a data URL stands for itself."""
    url = as_str(payload.get("url"))
    if url.startswith("data:"):
        return url
    return {
        "name": payload.get("path"),
        "orig_name": payload.get("orig_name"),
        "size": payload.get("size"),
        "data": None,
        "is_file": True,
    }


def from_gradio3(value: Any, kind: str) -> Any:
    """A result with each file in it as FileData.

    Args:
        kind: of the component that it is the value of.
    """
    return _read(value, kind) if has_files(kind) else value


def _read(value: Any, kind: str) -> Any:
    if isinstance(value, str):
        return _inline(value) if uses_data_url(kind) and _is_data(value) else value
    if is_array(value):
        return [_read(item, kind) for item in value]
    if not is_object(value):
        return value
    if value.keys() >= {"name", "data", "is_file"}:
        data = as_str(value["data"])
        return _inline(data, value) if _is_data(data) else _named(value)
    return {key: _read(item, kind) for key, item in value.items()}


def _is_data(text_: str) -> bool:
    return text_[:5].lower() == "data:"


def _named(value: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value.get(key) for key in ("orig_name", "size")}
    return {"path": value["name"], "url": None, "mime_type": None, **kept, "meta": dict(META)}


def _inline(url: str, value: Mapping[str, Any] = {}) -> dict[str, Any]:
    name = as_str(value.get("orig_name"))
    return make_file_data("", url=url, orig_name=name, size=None, mime_type=None)
