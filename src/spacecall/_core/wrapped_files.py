"""Wrap bare files for components that take objects with files in them."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any, Final, cast

from spacecall._core.app_components import Component
from spacecall._core.filedata import is_file_data
from spacecall._core.json_values import as_dict, is_array
from spacecall._core.schema_nodes import Schema, alternatives, resolve
from spacecall._filenames import is_image, sniff
from spacecall.files import File

__all__ = ["ACCEPTS_BARE_FILES", "wrap_files"]

ACCEPTS_BARE_FILES: Final = frozenset({"gallery", "imageeditor"})
"""The components that `wrap_files` converts values for."""


def wrap_files(value: Any, component: Component, schema: Schema) -> Any:
    """Put each bare file in `value` into the object that the component takes.

    In the list for a Gallery, a file becomes an entry, and so does a pair of a file and a caption.
    A file for an ImageEditor becomes its background, without drawings. The list for a Gallery of
    Gradio 3, whose entries are pairs, stays as it is.

    Args:
        value: the argument of a call.
        component: the component of the input.
        schema: the schema of the input; empty if it is unknown.

    Raises:
        InvalidInputError: the file of an ImageEditor cannot be read.
    """
    if component.type == "imageeditor":
        if not _is_bare_file(value):
            return value
        file = value if isinstance(value, File) else File(value)
        return {"background": file, "layers": [], "composite": file}
    if not isinstance(value, (list, tuple)):
        return value
    entries = cast("Sequence[Any]", value)
    keys = _entry_keys(schema)
    if keys:
        return [_entry(item, keys) for item in entries]
    return [{"image": item} if is_image(item) and not schema else item for item in entries]


def _entry_keys(schema: Schema) -> set[str]:
    """Return the keys of files in the entries of a Gallery."""
    keys: set[str] = set()
    for part in alternatives(schema, schema):
        for entry in alternatives(resolve(as_dict(part.get("items")), schema), schema):
            keys |= as_dict(entry.get("properties")).keys() & {"image", "video"}
    return keys


def _entry(item: Any, keys: set[str]) -> Any:
    if _is_bare_file(item):
        return {_key_of(item, keys): item}
    if not (is_array(item) or isinstance(item, tuple)):
        return item
    pair = cast("Sequence[Any]", item)
    is_captioned = len(pair) == 2 and (pair[1] is None or isinstance(pair[1], str))
    if not is_captioned or not _is_bare_file(pair[0]):
        return pair
    return {_key_of(pair[0], keys): pair[0], "caption": pair[1]}


def _key_of(file: Any, keys: set[str]) -> str:
    return "video" if "video" in keys and _media_type(file).startswith("video/") else "image"


def _is_bare_file(value: Any) -> bool:
    if isinstance(value, (str, bytes, PathLike, File)) or hasattr(value, "read"):
        return True
    return is_image(value) or is_file_data(value)


def _media_type(file: Any) -> str:
    """Return the media type of a bare file by its name or first bytes; empty if unknown."""
    if isinstance(file, File):
        return file.mime_type or ""
    if isinstance(file, bytes):
        return sniff(file[:64]) or ""
    path: object = as_dict(file).get("path", file)
    if not isinstance(path, (str, PathLike)):
        return ""
    return mimetypes.guess_type(str(fspath(cast("str", path))))[0] or ""
