"""Why clients may differ: every difference that is meant, with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from spacecall._core.markup import strip_markup
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


_OLD_PREFIX: Final = "The upstream Gradio app has raised an exception: "
_LINE_SEPARATOR: Final = r"\u2028"


def _is_stripped(difference: Difference) -> bool:
    theirs = str(difference.theirs).removeprefix("AppError: ").removeprefix(_OLD_PREFIX)
    return difference.aspect == "message" and (
        difference.ours == f"AppError: {strip_markup(theirs)}"
        or (theirs == "" and bool(difference.ours))
    )


def _is_left_out_button(difference: Difference) -> bool:
    message = str(difference.theirs)
    return difference.case.endpoint == "/buttons" and "enough input values" in message


def _is_reserved_name(difference: Difference) -> bool:
    """`Client.submit(self, *args, api_name, fn_index, headers, **kwargs)` has names of its own."""
    return difference.case.endpoint in {"/self_and_cls", "/like_options"} and (
        str(difference.theirs).startswith("TypeError") or difference.case.label.startswith("1=")
    )


def _is_path_in_json(difference: Difference) -> bool:
    outputs = difference.case.components[1]
    return "json" in outputs and str(difference.theirs).startswith("HTTPStatusError")


def _is_other_kind(difference: Difference) -> bool:
    is_text = difference.case.endpoint == "/wrong_kind" and difference.client == "typed"
    return is_text and str(difference.ours).startswith("SchemaDriftError")


def _is_default_file(difference: Difference) -> bool:
    message = str(difference.ours)
    return difference.case.kind == "defaults" and "missing 1 required keyword-only" in message


def _is_cut_line(difference: Difference) -> bool:
    return _LINE_SEPARATOR in difference.case.label and "CancelledError" in str(difference.theirs)


def _is_unknown_choice(difference: Difference) -> bool:
    is_choice = "no such choice" in difference.case.label
    return is_choice and "InvalidInputError" in str(difference.ours)


def _is_stored_default(difference: Difference) -> bool:
    message = str(difference.theirs)
    return "browserstate" in difference.case.components[0] and "No value provided" in message


EXPLANATIONS: Final = (
    Explanation(
        "unknown choices",
        "A choice that a component does not have is refused before it is sent, with every Gradio; "
        "4.44 passes it to the function.",
        _is_unknown_choice,
    ),
    Explanation(
        "values of the browser",
        "A BrowserState has its default value, as in a new browser; gradio_client demands one.",
        _is_stored_default,
    ),
    Explanation(
        "line separators",
        "A value with a line separator (U+2028) ends the job in gradio_client 1.3, which takes it "
        "for the end of a line.",
        _is_cut_line,
    ),
    Explanation(
        "error text",
        "Errors of the app have their HTML and surrounding spaces removed, and one without a text "
        "says so; gradio_client passes on what the app sent, which 1.3 puts a sentence before.",
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
    Explanation(
        "values of another kind",
        "A text where a component is declared as a number raises `SchemaDriftError` in a typed "
        "client; calls by name return it.",
        _is_other_kind,
    ),
    Explanation(
        "files as defaults",
        "A file that is a component's value is not the default of an argument of a typed client.",
        _is_default_file,
    ),
)


def explain(difference: Difference) -> Explanation | None:
    """The first explanation that fits, if there is one."""
    return next((entry for entry in EXPLANATIONS if entry.fits(difference)), None)
