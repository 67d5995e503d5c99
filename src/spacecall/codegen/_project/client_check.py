"""Compare a client of the project with its app."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from spacecall._core.app_sources import space_id
from spacecall.codegen import drift
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._project.repository import repository_path
from spacecall.codegen._schemas import overrides
from spacecall.codegen._schemas.app_documents import AppDocuments, required_access
from spacecall.codegen._schemas.endpoint_selection import list_endpoints, select_endpoints
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.codegen.drift import AppModel, Policy, Report
from spacecall.errors import SpaceError

__all__ = ["CheckResult", "LiveSource", "check_client", "report_unreachable"]

LiveSource: TypeAlias = AppDocuments | SchemaFolder
"""What a client is compared with: an app's documents, or another schema folder."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check.

    Attributes:
        report: the drift report.
        stale: a message for each correction whose value has changed in the app.
    """

    report: Report
    stale: tuple[str, ...] = ()


def check_client(
    client: Client, live_source: LiveSource, source: str, policy: Policy, today: date
) -> CheckResult:
    """Compare a client's corrected schemas with its app.

    A correction also applies to the live side, as long as the app still has the value that it
    corrects.

    Args:
        client: a client with schemas.
        live_source: the live app's documents, or a schema folder.
        source: the live side's Space id, address or path, for the report.
        policy: the project's policy.
        today: the date that entries of the ignore list are compared with.

    Raises:
        SchemaError: the schemas cannot be read, or a correction does not fit them.
        ProtocolError: the documents are not those of a Gradio app.
    """
    pinned = _read_pinned(client)
    if isinstance(live_source, SchemaFolder):
        live_app, stale = drift.read_pinned_app(live_source), list[str]()
    else:
        live_app, stale = _read_live(client, live_source, list(pinned.endpoints))
    report = drift.create_report(
        client.name,
        source,
        pinned,
        live_app,
        policy,
        today=today,
        folder=client.folder,
        display_folder=repository_path(client.folder, client.root),
    )
    return CheckResult(report, tuple(stale))


def report_unreachable(
    client: Client, source: str, error: SpaceError, reason: str, policy: Policy, today: date
) -> CheckResult:
    """Create the report of a client whose app could not be read.

    Args:
        client: a client with schemas.
        source: the app's Space id or address.
        error: the error that reading the app raised.
        reason: the same as a text, for the report.
        policy: the project's policy.
        today: the date that entries of the ignore list are compared with.

    Raises:
        SchemaError: the schemas cannot be read, or a correction does not fit them.
    """
    access = required_access(error, space_id(source))
    pinned = _read_pinned(client)
    return CheckResult(
        drift.unchecked_report(
            client.name, source, reason, policy, today=today, pinned=pinned, access=access
        )
    )


def _read_pinned(client: Client) -> AppModel:
    corrections = overrides.read_overrides(client.folder)
    folder = select_endpoints(
        overrides.apply_overrides(client.read_schemas(), corrections), client.endpoints
    )
    app = drift.read_pinned_app(folder)
    return replace(app, selected=app.selected or client.endpoints is not None)


def _read_live(
    client: Client, app_documents: AppDocuments, endpoints: list[str]
) -> tuple[AppModel, list[str]]:
    live_app = drift.read_live_app(
        app_documents.config,
        app_documents.info,
        access=app_documents.access,
        hardware=app_documents.hardware,
    )
    corrections = overrides.read_overrides(client.folder)
    if not corrections:
        return live_app, []
    # described in the way of the client's schemas, so that the pointers of corrections fit
    still_present = [name for name in endpoints if name in live_app.endpoints]
    folder = build_schema_folder(app_documents, client.name, endpoints=still_present)
    documents, stale = overrides.apply_matching(folder.documents, corrections)
    corrected = drift.read_pinned_app(replace(folder, documents=documents))
    merged = {
        **live_app.endpoints,
        **{name: corrected.endpoints[name] for name in list_endpoints(folder)},
    }
    return replace(live_app, endpoints=merged, max_file_size=corrected.max_file_size), stale
