"""Convert files between the format of Gradio 3 and FileData, the format since Gradio 4.

Measured on 3.50: a file is `{name, orig_name, size, data, is_file}`, and an image is a data URL, in
arguments and in results. The app fails if it gets a file instead of an image.
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

_TYPES_WITH_FILES: Final = frozenset(
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
"""The schema of a file."""


def is_gradio3_file(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema of Gradio 3's /info is a file: an object, a path, or an image."""
    if schema.get("description") == _IMAGE:
        return True
    branches = as_list(schema.get("oneOf")) or as_list(schema.get("anyOf")) or [schema]
    members = [as_dict(as_dict(branch).get("properties")) for branch in branches]
    return any(properties.keys() >= {"name", "data", "is_file"} for properties in members)


def uses_data_url(kind: str) -> bool:
    """Return whether files of this kind of component are sent as data URLs."""
    return kind == "image"


def has_files(kind: str) -> bool:
    """Return whether objects in the values of this kind of component are files."""
    return kind in _TYPES_WITH_FILES


def to_gradio3(payload: Mapping[str, Any]) -> Any:
    """Convert the payload of a file in arguments to Gradio 3; a data URL stays as it is."""
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
    """Convert each file in a result to FileData.

    Args:
        value: the value of an output.
        kind: the kind of the output's component.
    """
    return _convert(value, kind) if has_files(kind) else value


def _convert(value: Any, kind: str) -> Any:
    if isinstance(value, str):
        return _inline_file(value) if uses_data_url(kind) and _is_data_url(value) else value
    if is_array(value):
        return [_convert(item, kind) for item in value]
    if not is_object(value):
        return value
    if value.keys() >= {"name", "data", "is_file"}:
        data = as_str(value["data"])
        return _inline_file(data, value) if _is_data_url(data) else _uploaded_file(value)
    if value.get("is_stream") is True and as_str(value.get("name")):
        return {**_uploaded_file(value), "is_stream": True}
    return {key: _convert(item, kind) for key, item in value.items()}


def _is_data_url(text: str) -> bool:
    return text[:5].lower() == "data:"


def _uploaded_file(value: Mapping[str, Any]) -> dict[str, Any]:
    fields = {key: value.get(key) for key in ("orig_name", "size")}
    return {"path": value["name"], "url": None, "mime_type": None, **fields, "meta": dict(META)}


def _inline_file(url: str, value: Mapping[str, Any] = {}) -> dict[str, Any]:
    name = as_str(value.get("orig_name"))
    return make_file_data("", url=url, orig_name=name, size=None, mime_type=None)
