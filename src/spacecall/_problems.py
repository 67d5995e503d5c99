"""Describe the validation errors of pydantic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ValidationError


def validation_problems(error: ValidationError) -> list[str]:
    """Return a line for each problem: where it is and what is expected, never the value itself."""
    lines = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        ": ".join(filter(None, (".".join(map(str, line["loc"])), line["msg"]))) for line in lines
    ]
