"""Endpoints of a recording that have changed on the wire since it was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from spacecall._core.fingerprint import fingerprints, wire_shape
from spacecall._core.json_values import as_str
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.recorded_apps import AppIndex, RecordedApp, find_function
from spacecall.codegen import drift
from spacecall.codegen._schemas.schema_documents import JOIN_FILE, endpoint_schemas, get_extension
from spacecall.codegen._schemas.schema_folder import SchemaFolder

__all__ = ["find_called_endpoints", "find_stale_endpoints"]


def find_called_endpoints(
    exchanges: Sequence[Exchange], apps: Mapping[str, RecordedApp]
) -> dict[str, set[str]]:
    """Return the names of the endpoints that a recording calls, by the address of their app."""
    index = AppIndex(apps)
    names: defaultdict[str, set[str]] = defaultdict(set)
    for exchange in exchanges:
        app = index.find_app(exchange.url)
        function = None if app is None else find_function(app, exchange)
        if app is not None and function is not None and function.name is not None:
            names[app.base_url].add(function.name)
    return names


def find_stale_endpoints(
    app: RecordedApp, called: set[str], schemas: SchemaFolder
) -> Iterator[str]:
    """Yield what has changed between a recorded app and newer schemas, for called endpoints.

    Only changes that break calls or results count: labels, descriptions and wider limits do not.

    Args:
        app: as recorded.
        called: the names of the endpoints that the recording calls.
        schemas: of the app as the project's client has it.
    """
    changed: set[str] = set()
    if app.info:
        recorded = drift.read_live_app(app.raw_config, app.info)
        for finding in drift.compare_apps(recorded, drift.read_pinned_app(schemas)):
            if finding.severity == "error" and finding.endpoint in called:
                changed.add(finding.endpoint)
                yield finding.sentence
    shapes = {
        name: as_str(get_extension(schema).get("shape"))
        for name, schema in endpoint_schemas(schemas.documents[JOIN_FILE]).items()
    }
    recorded_shapes = fingerprints(app.config, sorted(called - changed))
    for name, shape in recorded_shapes.items():
        before, after = wire_shape(shape), wire_shape(shapes.get(name, ""))
        if shapes.get(name) and before != after:
            yield f"{name} was recorded as {before} and is {after} now"
