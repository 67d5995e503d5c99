"""Removing the secrets of a new recording before it is written.

What counts as a secret: names of fields, headers and texts that look like one in
`_format.scrubber`; arguments of calls in `_format.secret_places`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from spacecall._core.json_values import as_dict, as_list, as_str, is_array
from spacecall.cassettes._format.cassette_file import BodyFiles, external_bodies
from spacecall.cassettes._format.exchange import Exchange, get_header
from spacecall.cassettes._format.recorded_apps import is_document, read_recorded_apps
from spacecall.cassettes._format.scrubber import Scrubber, find_secrets, find_secrets_in_file
from spacecall.cassettes._format.secret_formats import find_kinds
from spacecall.cassettes._format.secret_places import SecretPlaces, iter_strings
from spacecall.cassettes.errors import SecretFoundError

__all__ = ["remove_secrets"]


def remove_secrets(
    path: Path,
    old_exchanges: Sequence[Exchange],
    new_exchanges: Sequence[Exchange],
    bodies: BodyFiles,
    scrubber: Scrubber,
) -> list[Exchange]:
    """Return the new exchanges without credentials, secret arguments and their echo.

    Args:
        path: of the cassette, for errors.
        old_exchanges: of the cassette, which may describe the app.
        new_exchanges: to be added.
        bodies: has their external bodies.
        scrubber: knows the caller's credentials.

    Raises:
        SecretFoundError: they contain probable secrets.
    """
    places = SecretPlaces(
        # An older description may have other parameters.
        read_recorded_apps([*new_exchanges, *old_exchanges], bodies.read),
        scrubber.filter_fields,
    )
    hidden = places.hide(new_exchanges)
    # An argument may be a word: in the description of the app it stays.
    query_secrets = {
        secret for exchange in new_exchanges for secret in scrubber.find_query_secrets(exchange.url)
    }
    call_scrubber = scrubber.with_secrets(query_secrets.union(places.values))
    _check_protocol_words(path, hidden, call_scrubber)
    exchanges: list[Exchange] = []
    for exchange in hidden:
        if is_document(exchange):
            exchanges.append(scrubber.scrub_exchange(exchange))
            continue
        clean = call_scrubber.scrub_exchange(exchange)
        content_type = get_header(clean.headers, "content-type")
        clean.body = bodies.scrub_again(clean.body, content_type, call_scrubber.scrub_json)
        exchanges.append(clean)
    locations = [*_find_locations(exchanges, bodies, scrubber, call_scrubber)]
    if locations:
        lines = "\n".join(f"  {location}" for location in locations)
        raise SecretFoundError(
            f"{path} was not written, because it would contain secrets (do not send them, "
            f"or name their fields in filter_fields):\n{lines}",
            locations=locations,
        )
    return exchanges


def _check_protocol_words(path: Path, exchanges: Iterable[Exchange], scrubber: Scrubber) -> None:
    """Refuse a secret that is part of a word of the protocol: the word is needed for a replay.

    Raises:
        SecretFoundError: there is such a secret.
    """
    calls = [exchange for exchange in exchanges if not is_document(exchange)]
    words = dict.fromkeys(word for exchange in calls for word in _iter_protocol_words(exchange))
    locations = list(dict.fromkeys(place for place, text in words if scrubber.has_secret(text)))
    if locations:
        lines = "\n".join(f"  {location}" for location in locations)
        raise SecretFoundError(
            f"{path} was not written, because a secret argument or a credential is also a part of "
            "words that a replay needs (use a longer and random value in the test, such as "
            f"'test-key-1f9c7a2e'):\n{lines}",
            locations=locations,
        )


def _iter_protocol_words(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the words of an exchange that are never an echo, each after its kind of place."""
    url = urlsplit(exchange.url)
    before, is_file, _ = url.path.partition("/file=")
    yield "the path of a request", before + is_file
    for name, _ in parse_qsl(url.query, keep_blank_values=True):
        yield "the name of a query parameter", name
    for headers in (exchange.request_headers, exchange.headers):
        yield "a content type", get_header(headers, "content-type").partition(";")[0]
    messages = [event.as_object() for _, event in exchange.events or ()]
    for message in (as_dict(exchange.request_body.get("json")), *messages):
        for fields in (message, as_dict(message.get("output"))):
            for name in fields:
                yield "the name of a field", name
        yield "the kind of a message", as_str(message.get("msg"))


def _find_locations(
    exchanges: Sequence[Exchange], bodies: BodyFiles, scrubber: Scrubber, call_scrubber: Scrubber
) -> Iterator[str]:
    for test in {exchange.test for exchange in exchanges}:  # its parameters are in its name
        yield from (f"{kind} in the name of the test" for kind in find_kinds(test))
    for exchange in exchanges:
        yield from find_secrets(exchange, scrubber if is_document(exchange) else call_scrubber)
    of_documents = external_bodies(filter(is_document, exchanges))
    hashes = external_bodies(exchanges)
    for digest, path in bodies.pending().items():
        if digest in hashes:
            finder = scrubber if digest in of_documents else call_scrubber
            yield from find_secrets_in_file(path, finder)
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for exchange in exchanges:
        for _, event in exchange.events or ():
            message = event.as_object()
            outputs = as_list(as_dict(message.get("output")).get("data"))
            texts[as_str(message.get("event_id"))] += iter_strings([*map(_added, outputs)])
    for pieces in texts.values():
        if call_scrubber.has_secret("".join(pieces)):
            yield "a credential of the caller in pieces, in the partial results of a job"


def _added(output: Any) -> Any:
    """Return what the edits of an output add; the output itself if it is not edits."""
    if is_array(output) and all(is_array(edit) and len(edit) == 3 for edit in output):
        return [edit[2] for edit in output]
    return output
