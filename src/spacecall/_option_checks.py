"""Check the names and types of options at run time, by the annotations.

A signature or a `TypedDict` is the only source of names and types; type checkers read it too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import cache, wraps
from types import NoneType, SimpleNamespace, UnionType
from typing import (
    Any,
    Final,
    Literal,
    NamedTuple,
    ParamSpec,
    TypeVar,
    Union,
    Unpack,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from spacecall._suggestions import did_you_mean
from spacecall.errors import InvalidInputError

__all__ = [
    "check_options",
    "checked_arguments",
    "checked_call",
    "checked_class",
    "create_unchecked",
]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)
T = TypeVar("T")

_EXAMPLES: Final[Mapping[str, str]] = {
    "Auth": "Auth(token=…) or Auth(username=…, password=…)",
    "Hooks": "Hooks(on_retry=…)",
    "Limits": "Limits(max_streams=…)",
    "Message": 'Message("user", "…")',
    "Retry": "Retry(attempts=…)",
    "Ticket": "Ticket.from_json(…)",
    "Timeouts": "Timeouts(total=…)",
    "ZeroGPU": "ZeroGPU(token=…)",
    "pathlib.Path": "Path(…)",
}
"""An example of an option of each type."""

_CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "HttpClient": ("httpx.AsyncClient", "httpx2.AsyncClient"),
    "SpaceView": ("Space",),
}
"""The classes that a protocol, alias or base stands for in messages."""


class _Options(NamedTuple):
    """The options of a function.

    Attributes:
        types: the types of the keyword options, by name.
        positional: the names of the positional parameters; None for any number.
        is_open: whether the function takes any keyword.
    """

    types: Mapping[str, Any]
    positional: tuple[str, ...] | None
    is_open: bool


def checked_call(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that its arguments are checked first.

    Raises (when it is called):
        TypeError: an option is unknown, or of the wrong type.
        ValueError: an option is not one of its allowed values.
    """
    return _checked(function, function.__qualname__, "")


def checked_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a method that calls an endpoint so that its arguments are checked first.

    Raises (when it is called):
        TypeError: an option is unknown.
        InvalidInputError: a value is of the wrong type, or not one of the allowed values.
    """
    return _checked(function, function.__qualname__, "", invalid=InvalidInputError)


def checked_class(cls: C) -> C:
    """Decorate a class so that its arguments are checked first; see `checked_call`."""
    initialise: Callable[..., None] = getattr(cls, "__init__")  # noqa: B009 - of this class itself
    setattr(cls, "__init__", _checked(initialise, cls.__name__, f"{cls.__name__}."))  # noqa: B010
    return cls


def create_unchecked(cls: type[T], **arguments: Any) -> T:
    """Return an instance of a `checked_class` without a check, of values that were read here.

    The check takes time in proportion to the values, too much for each chunk of a stream.
    """
    instance = cls.__new__(cls)
    initialise: Callable[..., None] = getattr(cls, "__init__")  # noqa: B009 - of this class itself
    inspect.unwrap(initialise)(instance, **arguments)
    return instance


def check_options(function: str, options: Mapping[str, object], types: type) -> None:
    """Check options against a `TypedDict`.

    Args:
        function: the name of the function in messages.
        options: the options by name.
        types: the `TypedDict`.

    Raises:
        TypeError, ValueError: see `checked_call`.
    """
    _check_names(function, options, _types_of(types))
    for name, value in options.items():
        _check_value(_types_of(types)[name], name, value)


def _checked(
    function: Callable[P, R],
    name: str,
    prefix: str,
    invalid: Callable[[str], Exception] | None = None,
) -> Callable[P, R]:
    label = name.removesuffix(".__init__")

    @wraps(function)
    def check_and_call(*args: P.args, **kwargs: P.kwargs) -> R:
        options = _options_of(function)
        positional = options.positional
        if positional is None:
            positional = ()
        elif len(args) > len(positional):
            keyword = next((option for option in options.types if option not in positional), None)
            remedy = f": write {label}({keyword}=…)" if keyword else ""
            raise TypeError(f"{label} takes its options by name{remedy}")
        if not options.is_open:
            _check_names(label, kwargs, options.types)
        arguments = {**dict(zip(positional, args, strict=False)), **kwargs}
        for option, value in arguments.items():
            if option in options.types:
                _check_value(options.types[option], f"{prefix}{option}", value, invalid)
        return function(*args, **kwargs)

    return check_and_call


@cache
def _types_of(types: type) -> Mapping[str, Any]:
    return get_type_hints(types)


def _hints_of(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the types of the parameters, except files, and types not imported at run time."""
    names = inspect.unwrap(function).__globals__
    hints: dict[str, Any] = {}
    for name, annotation in function.__annotations__.items():
        with suppress(NameError, TypeError):  # an alias may be a text: "Message | str"
            hints |= get_type_hints(SimpleNamespace(__annotations__={name: annotation}), names)
    return {name: hint for name, hint in hints.items() if not _has_file(hint)}


def _has_file(hint: Any) -> bool:
    """Return whether a value may be a file, of which what takes it says better what is wrong."""
    if isinstance(hint, type) and hint.__name__ == "File":
        return True
    return any(map(_has_file, get_args(hint)))


@cache
def _options_of(function: Callable[..., Any]) -> _Options:
    hints = _hints_of(function)
    types: dict[str, Any] = {}
    positional: list[str] = []
    takes_any_number = is_open = False
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, Any)
        if parameter.kind is parameter.VAR_KEYWORD:
            if get_origin(hint) is Unpack:
                types |= _types_of(get_args(hint)[0])
            else:
                is_open = True
        elif parameter.kind is parameter.VAR_POSITIONAL:
            takes_any_number = True
        else:
            if parameter.kind is not parameter.KEYWORD_ONLY:
                positional.append(name)
            if name not in ("self", "cls"):
                types[name] = hint
    return _Options(types, None if takes_any_number else tuple(positional), is_open)


def _check_names(function: str, names: Iterable[str], options: Collection[str]) -> None:
    for name in names:
        if name not in options:
            hint = did_you_mean(name, options, f"it takes {', '.join(options) or 'none'}")
            raise TypeError(f"{function} takes no option {name!r}: {hint}")


def _check_value(
    hint: Any, name: str, value: object, invalid: Callable[[str], Exception] | None = None
) -> None:
    problem = _mismatch(hint, name, value)
    if problem is None:
        return
    if invalid is not None:
        raise invalid(problem)
    literals = [literal for member in _members(hint) for literal in _values_of(member)]
    if any(type(literal) is type(value) for literal in literals):
        raise ValueError(f"{problem.rpartition(', got ')[0]}, got {value!r}")
    raise TypeError(problem)


def _mismatch(hint: Any, name: str, value: object) -> str | None:
    """Return what is wrong with a value and where; None if it fits or cannot be checked."""
    members = _members(hint)
    problems = [_member_mismatch(member, name, value) for member in members]
    if None in problems:
        return None
    expected = _expected(members, name, value)
    return next((problem for problem in problems if problem), expected)


def _member_mismatch(hint: Any, name: str, value: object) -> str | None:
    """Return the mismatch for a type that is not a union; "" if the value itself does not fit."""
    origin = get_origin(hint) or hint
    if origin is Literal:
        return None if any(_is_same(literal, value) for literal in get_args(hint)) else ""
    if is_typeddict(origin):
        return None if isinstance(value, Mapping) else ""
    if origin in (int, float):
        kinds = (int, float) if origin is float else (int,)
        return None if isinstance(value, kinds) and not isinstance(value, bool) else ""
    if not isinstance(origin, type) or not _is_checkable(origin):
        return None
    if not isinstance(value, origin):
        return ""
    return _items_mismatch(origin, get_args(hint), name, value)


def _items_mismatch(origin: type, args: tuple[Any, ...], name: str, value: object) -> str | None:
    if issubclass(origin, Mapping):
        keys, values = args or (Any, Any)
        for key, item in cast("Mapping[object, object]", value).items():
            if problem := _mismatch(keys, f"a key of {name}", key):
                return problem
            if problem := _mismatch(values, f"{name}[{key!r}]", item):
                return problem
    elif issubclass(origin, Iterable) and not issubclass(origin, (str, bytes)):
        kind = type(value)
        if issubclass(kind, (str, bytes, Mapping)):
            return f"{name} must be a collection, got {_name_of(kind)}: write […]"
        if args and isinstance(value, (list, tuple, set, frozenset)):
            for index, item in enumerate(cast("Collection[object]", value)):
                if problem := _mismatch(args[0], f"{name}[{index}]", item):
                    return problem
    return None


def _is_checkable(origin: type) -> bool:
    """Return whether `isinstance` works: not for protocols and classes of typing (`BinaryIO`)."""
    return not getattr(origin, "_is_protocol", False) and origin.__module__ != "typing"


def _is_same(literal: object, value: object) -> bool:
    return type(literal) is type(value) and literal == value


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _values_of(hint: Any) -> tuple[object, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()


def _expected(members: tuple[Any, ...], name: str, value: object) -> str:
    """Describe the expected values. The value itself is not shown: it may be secret."""
    names: list[str] = []
    for member in members:
        values = [repr(literal) for literal in _values_of(member)]
        names += values or _CLASSES.get(_name_of(member), (_name_of(member),))
    listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    examples = [_EXAMPLES[name] for name in names if name in _EXAMPLES]
    remedy = f": write {examples[0]}" if examples else ""
    return f"{name} must be {listed}, got {_name_of(type(value))}{remedy}"


def _name_of(hint: Any) -> str:
    if hint is NoneType:
        return "None"
    if is_typeddict(hint):
        return "dict"
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(map(_name_of, get_args(hint))))
    if origin is None:
        package = getattr(hint, "__module__", "builtins").partition(".")[0]
        prefix = "" if package in ("builtins", "spacecall") else f"{package}."
        return f"{prefix}{getattr(hint, '__name__', str(hint))}"
    args = ", ".join(_name_of(argument) for argument in get_args(hint))
    return f"{getattr(origin, '__name__', str(origin))}[{args}]" if args else str(origin)
