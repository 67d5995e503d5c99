"""Gradio's FileData: how a file stands in inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

META = {"_type": "gradio.FileData"}


@dataclass(frozen=True, slots=True)
class FileData:
    """A file on the server, as far as its payload tells; each field None where it does not.

    Attributes:
        path: on the server's disk.
        url: as the server gives it, escaped or not (raw up to 5.50, percent-encoded in 6.31).
        size: in bytes.
    """

    path: str | None
    url: str | None
    orig_name: str | None
    size: int | None
    mime_type: str | None


def is_file_data(value: object) -> bool:
    """Whether an output is a file: by its `meta`, or its fields where it has none (4.0-4.19)."""
    if not isinstance(value, Mapping):
        return False
    fields = cast("Mapping[str, Any]", value)
    meta = fields.get("meta")
    if isinstance(meta, Mapping):
        return cast("Mapping[str, Any]", meta).get("_type") == META["_type"]
    return "path" in fields and "orig_name" in fields and "mime_type" in fields


def parse_file_data(value: Mapping[str, Any]) -> FileData:
    """What a payload tells. Fields of another type than expected count as missing."""

    def text(name: str) -> str | None:
        found = value.get(name)
        return found if isinstance(found, str) and found else None

    size = value.get("size")
    known = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return FileData(
        path=text("path"),
        url=text("url"),
        orig_name=text("orig_name"),
        size=size if known else None,
        mime_type=text("mime_type"),
    )


def as_file_data(value: object) -> Mapping[str, Any]:
    """Return the payload of what an app answers where a file is expected.

    That is an object with a `path` or a `url`, or a data URI. Any other text is refused: a path or
    an address of the app's choice must not become a file of the caller's.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str) and value[:5].lower() == "data:":
        return make_file_data("", url=value, orig_name="", size=None, mime_type=None)
    if isinstance(value, Mapping):
        payload = cast("Mapping[str, Any]", value)
        if any(isinstance(payload.get(name), str) and payload[name] for name in ("path", "url")):
            return payload
        raise ValueError("expected a file, got an object without a path or a url")
    raise ValueError(f"expected a file, got {_shortened(value)}")


def _shortened(value: object) -> str:
    if isinstance(value, (str, bytes)):
        written = repr(value[:40])
        return written if len(value) <= 40 else f"{written}…"
    return type(value).__name__


def make_file_data(
    path: str, *, url: str, orig_name: str, size: int | None, mime_type: str | None
) -> dict[str, Any]:
    """The payload of an uploaded file. `meta` is required on 5.x and 6.x."""
    return {
        "path": path,
        "url": url,
        "orig_name": orig_name,
        "size": size,
        "mime_type": mime_type,
        "meta": dict(META),
    }


def replace_files(value: Any, replace: Callable[[Mapping[str, Any]], Any]) -> Any:
    """`value` with each file payload in it replaced; what holds none is the same object."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return replace(items) if is_file_data(items) else _replaced(items, items.items(), replace)
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        return _replaced(entries, enumerate(entries), replace)
    return value


_Container = TypeVar("_Container", dict[str, Any], list[Any])


def _replaced(
    container: _Container,
    items: Iterable[tuple[Any, Any]],
    replace: Callable[[Mapping[str, Any]], Any],
) -> _Container:
    """A copy with other members, made when there is one: a table may have a million numbers."""
    changed: _Container | None = None
    for key, item in items:
        if isinstance(item, (dict, list)):
            new = replace_files(item, replace)
            if new is not item:
                changed = container.copy() if changed is None else changed
                changed[key] = new
    return container if changed is None else changed
