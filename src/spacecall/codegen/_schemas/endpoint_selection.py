"""A schema folder with some of its endpoints alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from spacecall._core.endpoint_names import match_endpoint, with_slash
from spacecall._core.json_values import as_dict, as_list, as_str
from spacecall._suggestions import did_you_mean
from spacecall.codegen._schemas.schema_documents import (
    JOIN,
    QUEUE_DATA,
    described,
    endpoint_of,
    reached,
)
from spacecall.codegen._schemas.schema_folder import SchemaError, SchemaFolder

__all__ = ["endpoints_of", "restricted"]


def endpoints_of(folder: SchemaFolder) -> list[str]:
    """The names of its endpoints, in the app's order."""
    return list(described(folder.documents[JOIN]))


def restricted(folder: SchemaFolder, endpoints: Sequence[str] | None) -> SchemaFolder:
    """The folder with these endpoints and the types that they need; None leaves it as it is.

    Its digest stays that of the files.

    Raises:
        SchemaError: it has no such endpoint.
    """
    if endpoints is None:
        return folder
    known = endpoints_of(folder)
    chosen = {name: match_endpoint(name, known) for name in endpoints}
    for spelling, match in chosen.items():
        if match is None:
            name = with_slash(spelling)
            hint = did_you_mean(name, known, f"it has {', '.join(known) or 'none'}.")
            raise SchemaError(f"{folder.name} has no endpoint {name}: {hint} Or refresh it")
    names = {match for match in chosen.values() if match is not None}
    if names == set(known):
        return folder
    made = {name: _kept(folder.documents[name], names) for name in (JOIN, QUEUE_DATA)}
    return replace(folder, documents={**folder.documents, **made})


def _kept(document: Mapping[str, Any], endpoints: set[str]) -> dict[str, Any]:
    definitions = as_dict(document.get("$defs"))
    own = {key: one for key, one in definitions.items() if endpoint_of(one) in endpoints}
    types = {key: one for key, one in definitions.items() if not endpoint_of(one)}
    shown = [
        one
        for one in as_list(document.get("anyOf"))
        if as_str(as_dict(one).get("$ref")).removeprefix("#/$defs/") in own
    ]
    return {**document, "anyOf": shown, "$defs": {**own, **reached(own.values(), types)}}
