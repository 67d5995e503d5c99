"""Compare two versions of an app: schema folders, saved apps, or git revisions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath

from spacecall._core.endpoint_names import match_endpoint
from spacecall._filenames import expand_home
from spacecall.codegen import drift
from spacecall.codegen._codegen_errors import ConfigurationError, SchemaError
from spacecall.codegen._project.configuration import Configuration
from spacecall.codegen._project.project_clients import find_clients
from spacecall.codegen._project.repository import (
    find_repository_root,
    read_revision,
    repository_path,
    resolve_revision,
)
from spacecall.codegen._schemas import overrides, schema_folder
from spacecall.codegen._schemas.app_documents import load_app
from spacecall.codegen._schemas.schema_folder import LOCK_FILE
from spacecall.codegen.drift import AppModel, Policy, Report
from spacecall.errors import InvalidInputError

__all__ = ["compare_pair"]

_FILES = frozenset({*schema_folder.DOCUMENTS, LOCK_FILE, overrides.OVERRIDES_FILE})


@dataclass(frozen=True, slots=True)
class _AppVersion:
    """One version of an app.

    Attributes:
        name: the client's name, or that of the file or folder.
        app: the app's interface.
        folder: its schema folder; None for a saved app.
        display_folder: the folder's path in reports.
    """

    name: str
    app: AppModel
    folder: Path | None = None
    display_folder: Path | None = None


def compare_pair(
    project: Configuration, sources: Sequence[str], policy: Policy, today: date
) -> tuple[list[Report], list[str]] | None:
    """Compare an old version with a new one; None if the sources are not two versions.

    Two names of clients are not versions, also if they are revisions or paths as well.

    Args:
        project: the project of the current folder; it need not exist.
        sources: each a schema folder, a saved app, or a git revision.
        policy: the project's policy.
        today: the date that entries of the ignore list are compared with.

    Returns:
        The reports, and messages about clients that only one revision has.

    Raises:
        SchemaError: a schema folder cannot be read, or a correction does not fit.
        InvalidInputError: a saved app cannot be read, only one source is a version, a revision
            has no client to compare with a path, or git fails.
        ProtocolError: the documents of a saved app are not those of a Gradio app.
    """
    if len(sources) != 2 or _are_clients(project, sources):
        return None
    old, new = sources
    saved = [_is_saved(source) for source in sources]
    if all(saved):
        return [_compare_versions(_read_version(old), _read_version(new), new, policy, today)], []
    root = find_repository_root(project.root)
    commits = [resolve_revision(root, source) if root else None for source in sources]
    if root is not None and commits[0] is not None and commits[1] is not None:
        revisions = ((old, commits[0]), (new, commits[1]))
        return _compare_revisions(project, root, revisions, policy, today)
    resolved = [
        is_saved or commit is not None for is_saved, commit in zip(saved, commits, strict=True)
    ]
    if root is not None and all(resolved):
        commit = commits[0] or commits[1] or ""
        return [
            _compare_mixed(project, root, sources, commit, saved.index(True), policy, today)
        ], []
    if any(resolved):
        version, unknown = sources[resolved.index(True)], sources[resolved.index(False)]
        if not _are_clients(project, [version]):
            raise InvalidInputError(
                f"cannot compare {version} with {unknown!r}: it is not a schema folder, a saved "
                "app or a git revision"
            )
    return None


def _are_clients(project: Configuration, names: Sequence[str]) -> bool:
    try:
        find_clients(project, names)
    except (InvalidInputError, SchemaError, ConfigurationError):
        return False
    return True


def _is_saved(source: str) -> bool:
    path = expand_home(source)
    return path.is_file() or any((path / name).exists() for name in (LOCK_FILE, "config.json"))


def _read_version(source: str) -> _AppVersion:
    path = expand_home(source)
    if (path / LOCK_FILE).exists():
        return _read_folder(path, repository_path(path, Path.cwd()))
    saved = load_app(source)
    if saved is None:
        raise InvalidInputError(f"{source} is not a schema folder or a saved app")
    return _AppVersion(path.resolve().stem, drift.read_live_app(saved.config, saved.info))


def _read_folder(path: Path, display_folder: Path, name: str = "") -> _AppVersion:
    folder = schema_folder.read_folder(path)
    corrected = overrides.apply_overrides(folder, overrides.read_overrides(path))
    client = folder.lock.name or name or folder.name
    return _AppVersion(client, drift.read_pinned_app(corrected), path, display_folder)


def _compare_versions(
    old: _AppVersion, new: _AppVersion, source: str, policy: Policy, today: date
) -> Report:
    return drift.create_report(
        old.name,
        source,
        old.app,
        new.app,
        policy,
        today=today,
        folder=old.folder,
        display_folder=old.display_folder,
    )


def _compare_revisions(
    project: Configuration,
    root: Path,
    revisions: tuple[tuple[str, str], tuple[str, str]],
    policy: Policy,
    today: date,
) -> tuple[list[Report], list[str]]:
    """Compare the schema folders of two commits, each of a name and an id."""
    (old_name, _), (new_name, _) = revisions
    with tempfile.TemporaryDirectory(prefix="spacecall-") as temporary:
        old, new = (
            _read_revision_folders(project, root, *revision, Path(temporary, str(number)))
            for number, revision in enumerate(revisions)
        )
        if not old and not new:
            schemas = repository_path(project.schemas, project.root)
            raise InvalidInputError(f"neither {old_name} nor {new_name} has schemas in {schemas}")
        reports = [
            _compare_versions(_select(project, old[name]), new[name], new_name, policy, today)
            for name in sorted(old.keys() & new.keys())
        ]
    messages = [
        f"{client} is in {old_name if client in old else new_name} only, and was not compared"
        for client in sorted(old.keys() ^ new.keys())
    ]
    return reports, messages


def _compare_mixed(
    project: Configuration,
    root: Path,
    sources: Sequence[str],
    commit: str,
    saved: int,
    policy: Policy,
    today: date,
) -> Report:
    """Compare a schema folder or saved app with the same client in a commit.

    Args:
        project: the project.
        root: the root of its repository.
        sources: the old and the new version.
        commit: the id of the commit that one of them names.
        saved: the index of the other.
        policy: the project's policy.
        today: the date that entries of the ignore list are compared with.
    """
    version, revision = _read_version(sources[saved]), sources[1 - saved]
    with tempfile.TemporaryDirectory(prefix="spacecall-") as temporary:
        clients = _read_revision_folders(project, root, revision, commit, Path(temporary))
        client = clients.get(version.name)
        if client is None and len(clients) == 1:
            (client,) = clients.values()
        if client is None:
            names = ", ".join(clients) or "no clients"
            raise InvalidInputError(
                f"cannot compare {sources[saved]} with {revision!r}: {revision} has {names}. "
                "Compare the schema folder of one of its clients"
            )
        old, new = (version, client) if saved == 0 else (_select(project, client), version)
        return _compare_versions(old, new, sources[1], policy, today)


def _read_revision_folders(
    project: Configuration, root: Path, revision: str, commit: str, target: Path
) -> dict[str, _AppVersion]:
    """Read the schema folders of a commit, by the names of their clients.

    Args:
        project: the project.
        root: the root of its repository.
        revision: the commit's name, for errors.
        commit: the commit's id.
        target: the folder to write the files to.
    """
    below = repository_path(project.schemas, project.root).as_posix()
    files: dict[PurePosixPath, dict[str, bytes]] = {}
    for path, content in read_revision(root, commit, below, _FILES).items():
        position = PurePosixPath(path)
        files.setdefault(position.parent, {})[position.name] = content
    versions: dict[str, _AppVersion] = {}
    for number, (display_folder, contents) in enumerate(sorted(files.items())):
        if LOCK_FILE not in contents:
            continue
        folder = target / str(number)  # not under its own name, which the commit chose
        _write(folder, contents)
        try:
            version = _read_folder(folder, Path(display_folder), display_folder.name)
        except SchemaError as error:
            message = str(error).replace(str(folder), f"{revision}:{display_folder}")
            raise SchemaError(message) from error
        versions[version.name] = version
    return versions


def _select(project: Configuration, version: _AppVersion) -> _AppVersion:
    """Reduce a version to the endpoints that the project's configuration selects."""
    chosen = project.settings_of(version.name).endpoints
    if chosen is None:
        return version
    names = {match_endpoint(name, version.app.endpoints) for name in chosen}
    endpoints = {
        name: endpoint for name, endpoint in version.app.endpoints.items() if name in names
    }
    return replace(version, app=replace(version.app, endpoints=endpoints, selected=True))


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
