"""Why clients may differ: every difference that is meant, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.outcomes import plain
from tests.demos.comparison import Difference

__all__ = ["EXPLANATIONS", "Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A difference that is meant.

    Attributes:
        name: a word or two.
        reason: a sentence, as `docs/compatibility.md` has it.
        fits: whether a difference is of this kind.
    """

    name: str
    reason: str
    fits: Callable[[Difference], bool]


def _is_stripped(difference: Difference) -> bool:
    theirs = str(difference.theirs).removeprefix("AppError: ")
    return difference.aspect == "message" and (
        difference.ours == f"AppError: {plain(theirs)}" or (theirs == "" and bool(difference.ours))
    )


def _is_left_out_button(difference: Difference) -> bool:
    message = str(difference.theirs)
    return "button" in difference.case.components[0] and "enough input values" in message


def _is_reserved_name(difference: Difference) -> bool:
    """`Client.submit(self, *args, api_name, fn_index, headers, **kwargs)` has names of its own."""
    return difference.case.endpoint in {"/self_and_cls", "/like_options"} and (
        str(difference.theirs).startswith("TypeError") or difference.case.label.startswith("1=")
    )


def _is_path_in_json(difference: Difference) -> bool:
    outputs = difference.case.components[1]
    return "json" in outputs and str(difference.theirs).startswith("HTTPStatusError")


EXPLANATIONS: Final = (
    Explanation(
        "error text",
        "Errors of the app have their HTML and surrounding spaces removed, and one without a text "
        "says so; gradio_client passes on what the app sent.",
        _is_stripped,
    ),
    Explanation(
        "buttons as inputs",
        "A function with a Button among its inputs cannot be called by gradio_client, which leaves "
        "the button out.",
        _is_left_out_button,
    ),
    Explanation(
        "reserved names",
        "Parameters that are called `self` or `headers` cannot be given to gradio_client by name.",
        _is_reserved_name,
    ),
    Explanation(
        "paths inside JSON",
        "An object of a JSON output that has a `path` is data; gradio_client tries to download it.",
        _is_path_in_json,
    ),
)


def explain(difference: Difference) -> Explanation | None:
    """The first explanation that fits, if there is one."""
    return next((entry for entry in EXPLANATIONS if entry.fits(difference)), None)
