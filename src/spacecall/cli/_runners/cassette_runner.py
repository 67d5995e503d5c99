"""Carry out `spacecall cassettes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from spacecall._atomic import write_file
from spacecall._core.json_values import as_str
from spacecall._regular_files import check_output, open_regular
from spacecall._visible import visible_line
from spacecall.cassettes._engine.recording_lock import remove_abandoned_lock
from spacecall.cassettes._inspect.client_matching import match_clients
from spacecall.cassettes._inspect.orphans import collect_cassettes, find_locks, find_unused_bodies
from spacecall.cassettes._inspect.recording import Recording, read_recording
from spacecall.cassettes._inspect.staleness import find_called_endpoints, find_stale_endpoints
from spacecall.cassettes._inspect.timeline import read_timeline
from spacecall.cassettes._inspect.timeline_page import render_page
from spacecall.cassettes._inspect.validation import find_problems
from spacecall.cassettes.errors import CassetteError
from spacecall.cli._outputs.console import create_console
from spacecall.cli._outputs.console import write_page as write_to_stdout
from spacecall.cli._outputs.terminal import display_path, write, write_message
from spacecall.cli._outputs.timeline_view import LEGEND, draw_header, draw_timeline
from spacecall.codegen._project.configuration import read_configuration
from spacecall.codegen._project.project_clients import Client, list_clients
from spacecall.codegen._schemas import schema_folder
from spacecall.errors import InvalidInputError

__all__ = ["check", "show", "validate", "write_page"]

_PAGE_BEGIN: Final = b"<!doctype html>"
_WRITTEN_FILE: Final = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]+)?|\.gitattributes")
"""Names of the files that spacecall writes beside cassettes."""


def show(files: Sequence[Path]) -> None:
    """Draw the timeline of each cassette.

    Raises:
        CassetteError: a file is missing, or is not a cassette.
    """
    console = create_console()
    for number, recording in enumerate(map(read_recording, files)):
        timeline = read_timeline(recording.exchanges, recording.apps)
        separator = [""] if number else []
        header = draw_header(display_path(recording.path), recording.metadata, recording.apps)
        drawing = draw_timeline(timeline, console.width)
        write_to_stdout(console, *separator, header, "", drawing, "", LEGEND)


def write_page(files: Sequence[Path], html: Path) -> None:
    """Write the timeline of a cassette as an HTML page.

    Raises:
        CassetteError: the file is missing, or is not a cassette.
        InvalidInputError: there is more than one file.
        OSError: the page cannot be written.
    """
    if len(files) != 1:
        raise InvalidInputError(f"--html shows one cassette: name one FILE, got {len(files)}")
    html = check_output("--html", html)
    if html.is_file() and not _is_page(html):
        raise InvalidInputError(f"--html: {str(html)!r} exists and is no page: name another file")
    recording = read_recording(files[0])
    timeline = read_timeline(recording.exchanges, recording.apps)
    page = render_page(recording.path.name, recording.apps, timeline)
    write_file(html, page.encode("utf-8", "replace"))
    write_message(f"{display_path(html)}: {len(timeline.rows)} jobs and requests")


def _is_page(path: Path) -> bool:
    with open_regular(path) as file:
        begin = file.read(len(_PAGE_BEGIN)).lower()
    return begin in (_PAGE_BEGIN, b"")


def validate(files: Sequence[Path], schema: Path | None) -> bool:
    """Print the problems of each cassette; return whether there are no problems.

    Raises:
        CassetteError: a file is missing, or is not a cassette.
        SchemaError: the folder, or a schema folder of the project, cannot be read.
    """
    schema_option = None if schema is None else schema_folder.read_folder(schema)
    clients = [] if schema_option else list_clients(read_configuration(Path.cwd()))
    is_valid = True
    for recording in map(read_recording, files):
        matched = _match_clients(recording, clients)
        client = next((client for matches in matched.values() for client in matches), None)
        pinned = schema_option or (client.read_schemas() if client else None)
        problems = find_problems(recording.exchanges, recording.apps, recording.read_body, pinned)
        is_valid = is_valid and not problems
        path = display_path(recording.path)
        for line in problems:
            write(f"{path}: {visible_line(line)}\n")
        if not problems:
            by = f"the schemas of {client.name}" if client else str(schema or "its own schemas")
            if clients and not client:
                by += f": the project has no client of {_list_uncompared(matched)}"
            write(f"{path}: all {len(recording.exchanges)} interactions are valid ({by})\n")
    return is_valid


def check(tests: Sequence[Path], *, prune: bool = False) -> bool:
    """Print the problems of the cassettes of the tests; return whether there are no problems.

    Args:
        tests: files and folders of tests; if empty, pytest's own choice.
        prune: whether to delete files that no cassette needs, and locks of killed recordings.

    Raises:
        CassetteError: the tests cannot be collected.
    """
    cassettes = collect_cassettes([path.resolve() for path in tests])
    clients = list_clients(read_configuration(Path.cwd()))
    lines = [f"{display_path(path)}: no test uses it" for path in cassettes.orphans]
    lines += [f"{display_path(path)}: not recorded yet" for path in cassettes.missing]
    readable: list[Recording] = []
    compared = 0
    uncompared: list[str] = []
    for path in cassettes.present:
        try:
            recording = read_recording(path)
            readable.append(recording)
            matched = _match_clients(recording, clients)
            if addresses := _list_uncompared(matched):
                uncompared.append(f"{display_path(path)} (no client of {addresses})")
            problems = (*_damaged_bodies(recording), *_stale_endpoints(recording, matched))
            lines += [f"{display_path(path)}: {problem}" for problem in problems]
            compared += not addresses
        except CassetteError as error:
            names_path = str(path) in error.message
            lines.append(error.message if names_path else f"{display_path(path)}: {error}")
    unused = list(find_unused_bodies(readable))
    deleted: list[Path] = []
    if prune and len(readable) == len(cassettes.present):  # a damaged one may need any of them
        deleted = [*_delete(unused), *filter(remove_abandoned_lock, find_locks(cassettes.used))]
    lines += [
        f"{display_path(path)}: no cassette needs it: delete it with --prune"
        for path in unused
        if path not in deleted
    ]
    for line in lines:
        write(f"{visible_line(line)}\n")
    for path in deleted:
        write(f"{visible_line(display_path(path))}: deleted\n")
    if not lines:
        write(f"{len(cassettes.present)} cassettes, all used\n")
    count = f"{compared} of {len(cassettes.present)}"
    for line in _describe_comparison(count, uncompared, has_clients=bool(clients)):
        write(f"{visible_line(line)}\n")
    return not lines


def _describe_comparison(
    count: str, uncompared: Sequence[str], *, has_clients: bool
) -> Iterator[str]:
    """Yield how many cassettes were compared with the project's clients, and which were not."""
    if not has_clients:
        yield "no cassette compared with a client: the project has no clients"
        return
    yield f"{count} cassettes compared with the project's clients"
    for cassette in uncompared:
        yield f"compared with nothing: {cassette}"


def _delete(paths: Iterable[Path]) -> Iterator[Path]:
    """Delete files that spacecall wrote, and folders of such files; yield each deleted path."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            for file in filter(_is_written_file, list(path.iterdir())):
                file.unlink()
            if not any(path.iterdir()):
                path.rmdir()
                yield path
        elif _is_written_file(path):
            path.unlink()
            yield path


def _is_written_file(path: Path) -> bool:
    return _WRITTEN_FILE.fullmatch(path.name) is not None


def _damaged_bodies(recording: Recording) -> Iterator[str]:
    bodies = [exchange.body for exchange in recording.exchanges]
    external = {as_str(body.get("sha256")): body for body in bodies if "sha256" in body}
    for body in (*external.values(), *(body for body in bodies if "sha256" not in body)):
        try:
            recording.read_body(body)
        except CassetteError as error:
            yield error.message


def _stale_endpoints(
    recording: Recording, clients: Mapping[str, Sequence[Client]]
) -> Iterator[str]:
    """Yield which recorded endpoints are older than the clients of their apps, by address."""
    called = find_called_endpoints(recording.exchanges, recording.apps)
    for app in recording.apps.values():
        for client in clients[app.base_url]:
            names = called.get(app.base_url, set[str]())
            for line in find_stale_endpoints(app, names, client.read_schemas()):
                yield f"stale, older than {client.name}: {line}"


def _match_clients(recording: Recording, clients: Sequence[Client]) -> dict[str, Sequence[Client]]:
    """Return the clients of each recorded app, by its address."""
    called = find_called_endpoints(recording.exchanges, recording.apps)
    return {
        app.base_url: match_clients(app, called.get(app.base_url, set[str]()), clients)
        for app in recording.apps.values()
    }


def _list_uncompared(clients: Mapping[str, Sequence[Client]]) -> str:
    """Return the addresses of apps without a client."""
    return " or ".join(address for address, matched in clients.items() if not matched)
