"""Read and write Gradio's FileData, the JSON object of a file in inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

META = {"_type": "gradio.FileData"}


class FileData(NamedTuple):
    """A file on the server. A field that the payload lacks is None.

    Attributes:
        path: the path on the server's disk.
        url: the URL as the server sends it: raw up to 5.50, percent-encoded in 6.31.
        orig_name: the name of the uploaded file.
        size: the size in bytes.
        mime_type: the media type.
    """

    path: str | None
    url: str | None
    orig_name: str | None
    size: int | None
    mime_type: str | None


def is_file_data(value: object) -> bool:
    """Return whether a value is FileData: by its `meta`, or without it by its fields (4.0-4.19)."""
    if not isinstance(value, Mapping):
        return False
    fields = cast("Mapping[str, Any]", value)
    meta = fields.get("meta")
    if isinstance(meta, Mapping):
        return cast("Mapping[str, Any]", meta).get("_type") == META["_type"]
    return "path" in fields and (
        fields.get("is_stream") is True or ("orig_name" in fields and "mime_type" in fields)
    )


def parse_file_data(value: Mapping[str, Any]) -> FileData:
    """Read the fields of a payload. A field of an unexpected type counts as missing."""

    def text(name: str) -> str | None:
        field = value.get(name)
        return field if isinstance(field, str) and field else None

    size = value.get("size")
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return FileData(
        path=text("path"),
        url=text("url"),
        orig_name=text("orig_name"),
        size=size if is_size else None,
        mime_type=text("mime_type"),
    )


def as_file_data(value: object) -> Mapping[str, Any]:
    """Return the payload of a file that an app sent.

    `value` is an object with a `path` or a `url`, or a data URI. Any other string is refused: a
    path or a URL that the app chose must not become a file of the caller's.

    Raises:
        ValueError: `value` is neither.
    """
    if isinstance(value, str) and value[:5].lower() == "data:":
        return make_file_data("", url=value, orig_name="", size=None, mime_type=None)
    if isinstance(value, Mapping):
        payload = cast("Mapping[str, Any]", value)
        if any(isinstance(payload.get(name), str) and payload[name] for name in ("path", "url")):
            return payload
        raise ValueError("expected a file, got an object without a path or a url")
    raise ValueError(f"expected a file, got {_excerpt(value)}")


def _excerpt(value: object) -> str:
    if isinstance(value, (str, bytes)):
        text = repr(value[:40])
        return text if len(value) <= 40 else f"{text}…"
    return type(value).__name__


def make_file_data(
    path: str, *, url: str, orig_name: str, size: int | None, mime_type: str | None
) -> dict[str, Any]:
    """Build the payload of an uploaded file. 5.x and 6.x require `meta`."""
    return {
        "path": path,
        "url": url,
        "orig_name": orig_name,
        "size": size,
        "mime_type": mime_type,
        "meta": dict(META),
    }


def replace_files(value: Any, replace: Callable[[Mapping[str, Any]], Any]) -> Any:
    """Replace each file payload in `value`. A part without files stays the same object."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return (
            replace(items)
            if is_file_data(items)
            else _replace_members(items, items.items(), replace)
        )
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        return _replace_members(entries, enumerate(entries), replace)
    return value


_Container = TypeVar("_Container", dict[str, Any], list[Any])


def _replace_members(
    container: _Container,
    items: Iterable[tuple[Any, Any]],
    replace: Callable[[Mapping[str, Any]], Any],
) -> _Container:
    """Return a copy with replaced members, or the container itself if none is replaced."""
    changed: _Container | None = None
    for key, item in items:
        if isinstance(item, (dict, list)):
            new = replace_files(item, replace)
            if new is not item:
                changed = container.copy() if changed is None else changed
                changed[key] = new
    return container if changed is None else changed
