"""Writing results to stdout, and the rest to stderr."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

from rich.console import Console

from spacecall.cli.exits import ReaderGoneError

__all__ = ["as_json", "screen", "stderr_is_terminal", "stdout_is_terminal", "write"]

_WIDEST = 100
_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029]")


def write(text: str) -> None:
    """Write to stdout, at once.

    Raises:
        ReaderGoneError: nobody reads it any more.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        write(text.encode(encoding, "replace").decode(encoding))


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON of a value; nan and infinities, which it does not have, are null.

    Without `indent` it is one line for every reader, whatever counts as a line break to it.
    """
    text = json.dumps(_finite(value), ensure_ascii=False, indent=indent)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def screen(*, error: bool = False) -> Console:
    """What pages are laid out with: as wide as the terminal, 80 columns where there is none."""
    console = Console(stderr=error, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, _WIDEST)
    return console


def stdout_is_terminal() -> bool:
    """Whether somebody watches stdout."""
    return sys.stdout.isatty()


def stderr_is_terminal() -> bool:
    """Whether somebody watches stderr."""
    return sys.stderr.isatty()


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in cast("Sequence[Any]", value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value
