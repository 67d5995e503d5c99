"""Reduce a schema folder to some of its endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from spacecall._core.endpoint_names import match_endpoint, with_slash
from spacecall._core.json_values import as_dict, as_list, as_str
from spacecall._suggestions import did_you_mean
from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._schemas.schema_documents import (
    JOIN_FILE,
    QUEUE_DATA_FILE,
    endpoint_name,
    endpoint_schemas,
    referenced_types,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder

__all__ = ["list_endpoints", "select_endpoints"]


def list_endpoints(folder: SchemaFolder) -> list[str]:
    """List the names of the endpoints in a schema folder, in the app's order."""
    return list(endpoint_schemas(folder.documents[JOIN_FILE]))


def select_endpoints(folder: SchemaFolder, endpoints: Sequence[str] | None) -> SchemaFolder:
    """Return the folder with these endpoints and the types that they need; all for None.

    The digest stays that of the files.

    Raises:
        SchemaError: the folder has no such endpoint.
    """
    if endpoints is None:
        return folder
    available = list_endpoints(folder)
    chosen = {name: match_endpoint(name, available) for name in endpoints}
    for spelling, match in chosen.items():
        if match is None:
            name = with_slash(spelling)
            hint = did_you_mean(name, available, f"it has {', '.join(available) or 'none'}.")
            raise SchemaError(
                f"{folder.name} has no endpoint {name}: {hint} "
                "If the app has it, run spacecall refresh"
            )
    names = {match for match in chosen.values() if match is not None}
    if names == set(available):
        return folder
    reduced = {
        name: _reduce_document(folder.documents[name], names)
        for name in (JOIN_FILE, QUEUE_DATA_FILE)
    }
    return replace(folder, documents={**folder.documents, **reduced})


def _reduce_document(document: Mapping[str, Any], endpoints: set[str]) -> dict[str, Any]:
    definitions = as_dict(document.get("$defs"))
    selected = {
        key: schema for key, schema in definitions.items() if endpoint_name(schema) in endpoints
    }
    types = {key: schema for key, schema in definitions.items() if not endpoint_name(schema)}
    references = [
        reference
        for reference in as_list(document.get("anyOf"))
        if as_str(as_dict(reference).get("$ref")).removeprefix("#/$defs/") in selected
    ]
    return {
        **document,
        "anyOf": references,
        "$defs": {**selected, **referenced_types(selected.values(), types)},
    }
