"""A client of the project, compared with what its app says now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from spacecall._core.app_sources import space_id
from spacecall.codegen import drift
from spacecall.codegen._project.client_builder import describe
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._schemas import overrides
from spacecall.codegen._schemas.app_documents import AppDocuments, access_wanted
from spacecall.codegen._schemas.endpoint_selection import endpoints_of, restricted
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.codegen.drift import AppModel, Policy, Report
from spacecall.errors import SpaceError

__all__ = ["Checked", "Told", "compare", "not_told"]

Told: TypeAlias = AppDocuments | SchemaFolder
"""What the live side is: an app that answered or was saved, or another schema folder."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a comparison gave.

    Attributes:
        report: for people and programs.
        stale: corrections that are not about what the app says now, a line each.
    """

    report: Report
    stale: tuple[str, ...] = ()


def compare(client: Client, told: Told, source: str, policy: Policy, today: date) -> Checked:
    """Compare a client's schemas, corrected, with what its app says.

    A correction counts on the live side too, where the app still says what it corrects.

    Args:
        client: with schemas.
        told: the live side.
        source: what that is, for people.
        policy: the project's.
        today: ends what is ignored until a day.

    Raises:
        SchemaError: the schemas cannot be read, or a correction is not about them.
        ProtocolError: what was told is not a Gradio app's.
    """
    pinned = _pinned(client)
    if isinstance(told, SchemaFolder):
        live, stale = drift.read_pinned_app(told), list[str]()
    else:
        live, stale = _live(client, told, list(pinned.endpoints))
    root = client.root
    report = drift.check_client(
        client.name, source, pinned, live, policy, today=today, folder=client.folder, root=root
    )
    return Checked(report, tuple(stale))


def not_told(
    client: Client, source: str, error: SpaceError, reason: str, policy: Policy, today: date
) -> Checked:
    """The report of a client whose app could not be asked.

    Args:
        client: with schemas.
        source: what should have answered.
        error: why it did not.
        reason: the same for people.
        policy: the project's.
        today: ends what is ignored until a day.

    Raises:
        SchemaError: the schemas cannot be read, or a correction is not about them.
    """
    access = access_wanted(error, space_id(source))
    pinned = _pinned(client)
    return Checked(
        drift.unchecked_report(
            client.name, source, reason, policy, today=today, pinned=pinned, access=access
        )
    )


def _pinned(client: Client) -> AppModel:
    corrections = overrides.read_overrides(client.folder)
    folder = restricted(overrides.corrected(client.read(), corrections), client.endpoints)
    found = drift.read_pinned_app(folder)
    return replace(found, selected=found.selected or client.endpoints is not None)


def _live(client: Client, told: AppDocuments, endpoints: list[str]) -> tuple[AppModel, list[str]]:
    live = drift.read_live_app(told.config, told.info, access=told.access, hardware=told.hardware)
    corrections = overrides.read_overrides(client.folder)
    if not corrections:
        return live, []
    # described as the client's own schemas were, so that pointers lead to the same places
    still = [name for name in endpoints if name in live.endpoints]
    folder = describe(told, client.name, endpoints=still)
    documents, stale = overrides.apply(folder.documents, corrections)
    right = drift.read_pinned_app(replace(folder, documents=documents))
    merged = {**live.endpoints, **{name: right.endpoints[name] for name in endpoints_of(folder)}}
    return replace(live, endpoints=merged, max_file_size=right.max_file_size), stale
