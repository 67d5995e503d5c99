"""Carrying out `spacecall cassettes`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spacecall._atomic import write_file
from spacecall._core.fingerprint import differences
from spacecall._core.loose import items, mapping, text
from spacecall._core.sources import base_url, space_id
from spacecall._visible import visible_line
from spacecall.cassettes._format.recorded_apps import App
from spacecall.cassettes._inspect.orphans import collect, loose_bodies
from spacecall.cassettes._inspect.recording import Recording, read_recording
from spacecall.cassettes._inspect.timeline import read_timeline
from spacecall.cassettes._inspect.timeline_page import page
from spacecall.cassettes._inspect.validation import validate as problems
from spacecall.cassettes.errors import CassetteError
from spacecall.cli.output import screen, tell, write
from spacecall.cli.output import show as show_on
from spacecall.cli.project import shown
from spacecall.cli.timelines import LEGEND, header, timeline
from spacecall.codegen import store
from spacecall.codegen.clients import Client, all_clients
from spacecall.codegen.configuration import configured
from spacecall.codegen.schemas import JOIN, described, notes
from spacecall.errors import InvalidInputError

__all__ = ["check", "show", "validate", "write_page"]


def show(files: Sequence[Path]) -> None:
    """Draw the timeline of each cassette.

    Raises:
        CassetteError: a file is none.
    """
    console = screen()
    for number, one in enumerate(map(read_recording, files)):
        found = read_timeline(one.exchanges, one.apps)
        lines = [""] if number else []
        head = header(shown(one.path), one.metadata, one.apps)
        show_on(console, *lines, head, "", timeline(found, console.width), "", LEGEND)


def write_page(files: Sequence[Path], html: Path) -> None:
    """Write the timeline of a cassette as a page.

    Raises:
        CassetteError: the file is none.
        InvalidInputError: there is more than one.
        OSError: the page cannot be written.
    """
    if len(files) != 1:
        raise InvalidInputError("--html is of one cassette: name one FILE")
    one = read_recording(files[0])
    found = read_timeline(one.exchanges, one.apps)
    write_file(html, page(one.path.name, one.apps, found).encode("utf-8", "replace"))
    tell(f"{shown(html)}: {len(found.rows)} jobs and requests")


def validate(files: Sequence[Path], schema: Path | None) -> bool:
    """Print what is wrong with each cassette; whether nothing is.

    Raises:
        CassetteError: a file is none.
        SchemaError: the folder, or one of the project, cannot be read.
    """
    given = None if schema is None else store.read(schema)
    clients = [] if given else all_clients(configured(Path.cwd()))
    sound = True
    for one in map(read_recording, files):
        mine = next((client for app in one.apps.values() for client in _of(app, clients)), None)
        pinned = given or (mine.read() if mine else None)
        found = problems(one.exchanges, one.apps, one.read, pinned)
        sound = sound and not found
        for line in found:
            write(f"{shown(one.path)}: {visible_line(line)}\n")
        if not found:
            by = f"the schemas of {mine.name}" if mine else (str(schema) if schema else "its own")
            write(f"{shown(one.path)}: {len(one.exchanges)} interactions fit ({by})\n")
    return sound


def check(tests: Sequence[Path]) -> bool:
    """Print what is wrong with the cassettes of the tests; whether nothing is.

    Raises:
        CassetteError: the tests cannot be collected.
    """
    found = collect([path.resolve() for path in tests])
    clients = all_clients(configured(Path.cwd()))
    lines = [f"{shown(path)}: no test uses it" for path in found.orphans]
    lines += [f"{shown(path)}: not recorded yet" for path in found.missing]
    readable: list[Recording] = []
    for path in found.present:
        try:
            readable.append(one := read_recording(path))
            lines += [f"{shown(path)}: {line}" for line in (*_damage(one), *_stale(one, clients))]
        except CassetteError as error:
            lines.append(error.message if str(path) in error.message else f"{shown(path)}: {error}")
    lines += [f"{shown(path)}: no cassette needs it" for path in loose_bodies(readable)]
    for line in lines:
        write(f"{visible_line(line)}\n")
    if not lines:
        write(f"{len(found.present)} cassettes, all used\n")
    return not lines


def _damage(one: Recording) -> Iterator[str]:
    bodies = [exchange.body for exchange in one.exchanges]
    beside = {text(body.get("sha256")): body for body in bodies if "sha256" in body}
    for body in (*beside.values(), *(body for body in bodies if "sha256" not in body)):
        try:
            one.read(body)
        except CassetteError as error:
            yield error.message


def _stale(one: Recording, clients: Sequence[Client]) -> Iterator[str]:
    """Where a cassette is of another schema than the project's clients."""
    called = mapping(one.metadata.get("schemas"))
    for app in one.apps.values():
        for client in _of(app, clients):
            folder = client.read()
            shapes = _shapes(folder)
            for name in (
                text(name) for key in called if key != folder.digest for name in items(called[key])
            ):
                if name in shapes:
                    yield f"stale: {name} was recorded with another schema of {client.name}"
            for line in differences(shapes, app.config):
                yield f"stale: {client.name} has another shape: {line}"


def _of(app: App, clients: Sequence[Client]) -> Iterator[Client]:
    """The clients of an app."""
    for client in clients:
        if client.lock is None or not client.source:
            continue
        space = space_id(client.source)
        same = app.config.space_id == space if space else app.base == base_url(client.source)
        if same:
            yield client


def _shapes(folder: store.SchemaFolder) -> dict[str, str]:
    """The shapes of a folder's endpoints, by name."""
    schemas = described(folder.documents[JOIN])
    return {name: text(notes(one).get("shape")) for name, one in schemas.items()}
