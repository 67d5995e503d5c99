"""Bare files where a component takes objects with files in them, and the meaning is obvious."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any, Final, cast

from spacecall._core.app_config import Component
from spacecall._core.filedata import is_file_data
from spacecall._core.json_values import as_dict, is_array
from spacecall._core.schema_nodes import Schema, alternatives, resolve
from spacecall._filenames import is_image, sniff
from spacecall.files import File

__all__ = ["ACCEPTS_BARE_FILES", "wrap_files"]

ACCEPTS_BARE_FILES: Final = frozenset({"gallery", "imageeditor"})
"""Components for which `wrap_files` does something."""


def wrap_files(value: Any, component: Component, schema: Schema) -> Any:
    """`value` with an object of the component around each bare file.

    A file in the list for a Gallery is an entry of it, and so is a pair of a file and its caption.
    A file for an ImageEditor is its background, on which nothing is drawn. A Gallery of Gradio 3,
    whose entries are pairs, stays as it is.

    Args:
        value: the argument of a call.
        component: what it is for.
        schema: of the input; empty if it is not known.

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
    """The keys of a file in the entries of a Gallery."""
    found: set[str] = set()
    for part in alternatives(schema, schema):
        for entry in alternatives(resolve(as_dict(part.get("items")), schema), schema):
            found |= as_dict(entry.get("properties")).keys() & {"image", "video"}
    return found


def _entry(item: Any, keys: set[str]) -> Any:
    if _is_bare_file(item):
        return {_key_of(item, keys): item}
    if not (is_array(item) or isinstance(item, tuple)):
        return item
    pair = cast("Sequence[Any]", item)
    captioned = len(pair) == 2 and (pair[1] is None or isinstance(pair[1], str))
    if not captioned or not _is_bare_file(pair[0]):
        return pair
    return {_key_of(pair[0], keys): pair[0], "caption": pair[1]}


def _key_of(file: Any, keys: set[str]) -> str:
    return "video" if "video" in keys and _media_type(file).startswith("video/") else "image"


def _is_bare_file(value: Any) -> bool:
    if isinstance(value, (str, bytes, PathLike, File)) or hasattr(value, "read"):
        return True
    return is_image(value) or is_file_data(value)


def _media_type(file: Any) -> str:
    """The media type of a bare file, told by its name or its first bytes; empty if nobody knows."""
    if isinstance(file, File):
        return file.mime_type or ""
    if isinstance(file, bytes):
        return sniff(file[:64]) or ""
    path: object = as_dict(file).get("path", file)
    if not isinstance(path, (str, PathLike)):
        return ""
    return mimetypes.guess_type(str(fspath(cast("str", path))))[0] or ""
