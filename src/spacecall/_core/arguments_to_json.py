"""Convert values of Python and its libraries to the JSON that a component takes.

No library is imported: values are recognized by their methods. A value with one obvious meaning for
the component is converted; for others `suggest_conversion` says what to write.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from os import PathLike
from typing import Any, Final, TypeGuard, cast
from uuid import UUID

from spacecall._core.app_components import Component
from spacecall._core.datetimes import format_date_time, is_date_or_time, is_missing
from spacecall._core.json_values import as_list, as_str_list, describe_error, is_array, is_object
from spacecall._core.schema_nodes import Schema
from spacecall._core.value_excerpts import short_repr
from spacecall._core.wrapped_files import ACCEPTS_BARE_FILES, wrap_files
from spacecall._filenames import is_image
from spacecall.errors import InvalidInputError

__all__ = ["find_unsendable", "is_json", "suggest_conversion", "to_json"]

_MAX_LINES: Final = 20
_MEDIA: Final = frozenset(
    {"audio", "file", "gallery", "image", "imageeditor", "imageslider", "model3d"}
    | {"simpleimage", "uploadbutton", "video"}
)
"""Components that take a file: arrays of numbers are not converted for them."""
_UNSENDABLE: Final = "cannot be sent as JSON"
_ADVICE: Final[tuple[tuple[type | tuple[type, ...], str, str], ...]] = (
    (PathLike, "write str(…) or File(…)", "string"),
    ((bytes, bytearray, memoryview), "write File(…) or ….decode()", "string"),
    ((datetime, date, time), "write ….isoformat()", "string"),
    (datetime, "write ….timestamp()", "number"),
    (timedelta, "write ….total_seconds()", "number"),
    (Enum, "write ….value", ""),
    ((Decimal, Fraction), "write float(…)", "number"),
    (UUID, "write str(…)", "string"),
    ((set, frozenset, Iterator), "write list(…)", "array"),
)
"""A suggestion for values of a class, and the JSON kind of the result; empty for any."""


def is_json(value: object) -> bool:
    """Return whether `value` can be sent as it is. The encoder decides: it is fast."""
    try:
        # Sorting fails for keys of several types, two of which can be one key in JSON.
        json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()
    except Exception:  # noqa: BLE001 - a subclass of dict, a caller's own, may raise anything
        return False
    return True


def to_json(value: Any, component: Component, schema: Schema | None = None) -> Any:
    """Convert `value` as far as it has one meaning for the component.

    Mappings become dicts, sequences lists, pydantic models dicts, NumPy-like scalars and arrays
    numbers and lists. For a Dataframe, a table becomes `{"headers", "data"}`; for a DateTime, a
    date or a time becomes text; a file in the list for a Gallery becomes an entry, and a file for
    an ImageEditor its background. Other values stay as they are, see `find_unsendable`.

    Args:
        value: the argument of a call.
        component: the component of the input.
        schema: the schema of the input, or None if it is unknown.

    Raises:
        InvalidInputError: the value cannot be read, or is a time that the component cannot take.
    """
    try:
        if component.type == "dataframe":
            value = _table(value, component)
        if component.type == "datetime" and is_date_or_time(value):
            return format_date_time(value, component)
        if component.type in ACCEPTS_BARE_FILES:
            value = wrap_files(value, component, schema or {})
        return _convert(value, convert_arrays=component.type not in _MEDIA)
    except (InvalidInputError, RecursionError):
        raise
    except Exception as error:  # a class of the caller's may raise anything
        kind = type(value).__name__
        raise InvalidInputError(f"cannot read the {kind}: {describe_error(error)}") from error


def find_unsendable(value: Any, is_file: Callable[[object], bool]) -> list[str]:
    """Return a line for each part of `value` that JSON cannot contain: at most 20 lines.

    Each line has the position of the part and what to write instead.

    Args:
        value: the result of `to_json`.
        is_file: whether a value is a file that will be uploaded.
    """
    lines: list[str] = []
    _search(value, is_file, "", lines)
    return lines


def suggest_conversion(value: object, kinds: Sequence[str] = ()) -> str:
    """Return what to write instead of a value that JSON cannot contain; empty if unknown.

    Args:
        value: any value.
        kinds: the JSON kinds that the input takes, such as `string`; by default all of them.
    """
    for classes, hint, json_kind in _ADVICE:
        if isinstance(value, classes) and (not kinds or json_kind in ("", *kinds)):
            return hint
    subject = cast("Any", value)
    kind = cast("type[Any]", type(subject))
    if _is_table(kind):
        return 'write ….to_dict("records")' if hasattr(kind, "iloc") else "write ….to_dicts()"
    if _is_array(kind) and _holds_times(subject):
        return "write ….astype(str).tolist()"
    if _is_array(kind):
        return "write ….tolist() for its values, a path or PIL.Image.fromarray(…) for a file"
    if is_image(subject):
        return "write File(…)"
    is_record = is_dataclass(subject) and not isinstance(subject, type)
    return "write dataclasses.asdict(…)" if is_record else ""


def _convert(value: Any, *, convert_arrays: bool) -> Any:
    """Convert a value and its parts; what has no JSON meaning stays, for `find_unsendable`.

    With `convert_arrays` false, arrays are files.
    """
    kind = cast("type[Any]", type(value))
    if value is None or kind in (str, int, float, bool):
        return value
    if kind is not dict and callable(getattr(kind, "model_dump", None)):
        return _convert(value.model_dump(by_alias=True), convert_arrays=convert_arrays)
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value).items()
        return {
            _plain_key(key): _convert(item, convert_arrays=convert_arrays) for key, item in members
        }
    if _is_sequence(value):
        return [_convert(item, convert_arrays=convert_arrays) for item in value]
    if _is_array(kind) and (convert_arrays or value.shape == ()) and not _holds_times(value):
        listed = _listed(value)
        is_unconvertible = isinstance(listed, kind)
        return value if is_unconvertible else _convert(listed, convert_arrays=convert_arrays)
    return value


def _plain_key(key: Any) -> Any:
    """Return the key of a dict: a NumPy scalar becomes a number."""
    return _listed(key) if _is_array(cast("type[Any]", type(key))) else key


def _is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    texts = (str, bytes, bytearray, memoryview)
    return isinstance(value, Sequence) and not isinstance(value, texts)


def _is_array(kind: type[Any]) -> bool:
    """Return whether `kind` is an array or scalar type like NumPy's."""
    listed = hasattr(kind, "tolist") or hasattr(kind, "to_list")
    return listed and hasattr(kind, "dtype") and hasattr(kind, "shape")


def _holds_times(array: Any) -> bool:
    """Return whether the elements are times, which NumPy converts to numbers without a unit."""
    return getattr(array.dtype, "kind", "") in ("m", "M")


def _listed(array: Any) -> Any:
    listed = array.tolist() if hasattr(array, "tolist") else array.to_list()
    # A number that Python does not have, such as longdouble, stays itself.
    return float(array) if type(listed) is type(array) and array.dtype.kind == "f" else listed


def _is_table(kind: type[Any]) -> bool:
    """Return whether `kind` is a DataFrame like those of pandas and polars."""
    return hasattr(kind, "columns") and (hasattr(kind, "iloc") or hasattr(kind, "iter_rows"))


def _table(value: Any, component: Component) -> Any:
    """Convert a DataFrame or an array of rows to the value of a Dataframe component."""
    kind = cast("type[Any]", type(value))
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)
        rows = members.get("data")
        table = None if is_array(rows) else _table(rows, component)
        return members if table is rows or table is None else {**members, "data": table["data"]}
    if _is_table(kind):
        headers = [str(name) for name in value.columns]
        rows = value.to_dict("split")["data"] if hasattr(kind, "iloc") else value.rows()
    elif _is_array(kind) and len(value.shape) == 2:
        headers = as_str_list(as_list(component.props.get("headers")))
        if len(headers) != value.shape[1]:
            headers = [str(number) for number in range(1, value.shape[1] + 1)]
        rows = _listed(value)
    else:
        return value
    return {"headers": headers, "data": [[_cell(cell) for cell in row] for row in rows]}


def _cell(value: Any) -> Any:
    """Convert a cell of a table; a missing value (nan, NaT, NA) becomes None."""
    if is_missing(value):
        return None
    if isinstance(value, (date, time)):
        return str(value)
    value = _convert(value, convert_arrays=True)
    return None if isinstance(value, float) and math.isnan(value) else value


def _search(value: Any, is_file: Callable[[object], bool], prefix: str, lines: list[str]) -> None:
    if len(lines) >= _MAX_LINES or value is None or is_file(value):
        return
    if is_object(value):
        members = cast("dict[Any, Any]", value)
        lines += [f"{prefix}{line}" for key in members for line in _key_problems(key, members)]
        for key, item in members.items():
            _search(item, is_file, f"{prefix}{short_repr(key)}: ", lines)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(cast("Sequence[Any]", value)):
            _search(item, is_file, f"{prefix}[{index}]: ", lines)
    elif problem := _scalar_problem(value):
        lines.append(f"{prefix}{problem}")


def _scalar_problem(value: object) -> str:
    """Return why JSON cannot contain a scalar; empty if it can."""
    if isinstance(value, str):
        if _is_encodable(value):
            return ""
        return f"{short_repr(value)} {_UNSENDABLE}: it has half of a surrogate pair"
    if isinstance(value, int):
        return "" if _is_writable(value) else f"an int with too many digits {_UNSENDABLE}"
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{value} {_UNSENDABLE}: write None"
    hint = suggest_conversion(value)
    problem = f"{_article(value)} {type(value).__name__} {_UNSENDABLE}"
    return f"{problem}: {hint}" if hint else problem


def _key_problems(key: object, members: Mapping[Any, Any]) -> list[str]:
    """Return why JSON cannot contain a key, or has it already: 1 and "1" are one key there."""
    if isinstance(key, str):
        return [problem] if (problem := _scalar_problem(key)) else []
    if not (key is None or isinstance(key, (int, float))):
        return [f"a {type(key).__name__} as a key {_UNSENDABLE}"]
    if isinstance(key, int) and not _is_writable(key):
        return [_scalar_problem(key)]
    written = json.dumps(key)
    if written not in members:
        return []
    return [
        f"the keys {short_repr(key)} and {short_repr(written)} are one key in JSON: "
        "keep one of them"
    ]


def _article(value: object) -> str:
    return "an" if type(value).__name__[0].lower() in "aeiou" else "a"


def _is_writable(value: int) -> bool:
    try:
        str(value)
    except ValueError:  # Python's limit, by default 4,300 digits
        return False
    return True


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
