"""Places of secrets in calls: password boxes, and parameters with the name of a secret."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from spacecall._core.app_components import Component
from spacecall._core.app_functions import Dependency
from spacecall._core.json_values import as_dict, as_list, as_str, is_array, is_object
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.job_recordings import read_event_id
from spacecall.cassettes._format.recorded_apps import (
    AppIndex,
    RecordedApp,
    find_function,
    is_document,
)
from spacecall.cassettes._format.secret_formats import PLACEHOLDER
from spacecall.cassettes._format.secret_names import is_secret_name
from spacecall.cassettes._format.server_sent_event import ServerSentEvent

__all__ = ["SecretPlaces", "iter_strings"]


@dataclass(frozen=True, slots=True)
class _Places:
    """The secret positions of a function: in the data of requests, and of outputs."""

    arguments: frozenset[int]
    outputs: frozenset[int]


class SecretPlaces:
    """Finds the secrets of calls by their places.

    Args:
        apps: recorded, by address.
        fields: names of further parameters whose values are secret, in lower case.
    """

    def __init__(self, apps: Mapping[str, RecordedApp], fields: Collection[str] = ()) -> None:
        self._apps = AppIndex(apps)
        self._fields = fields
        self._places: dict[tuple[str, int], _Places] = {}
        self._places_by_event: dict[str, _Places] = {}
        self.values: set[str] = set()
        """The secrets that were found."""

    def hide(self, exchanges: Iterable[Exchange]) -> list[Exchange]:
        """Return the exchanges without the values at secret places."""
        exchanges = list(exchanges)
        places_of_calls = [self._find(exchange) for exchange in exchanges]
        for exchange, places in zip(exchanges, places_of_calls, strict=True):
            if places is not None and (event_id := read_event_id(exchange)):
                self._places_by_event[event_id] = places
        return [*map(self._hide_exchange, exchanges, places_of_calls)]

    def _hide_exchange(self, exchange: Exchange, places: _Places | None) -> Exchange:
        if places is not None:
            body = as_dict(exchange.request_body["json"])
            data = self._hide(body["data"], places.arguments)
            exchange = replace(
                exchange,
                request_body={**exchange.request_body, "json": {**body, "data": data}},
                body=self._hide_result(exchange.body, places),
            )
        if is_document(exchange):
            return self._hide_defaults(exchange)
        if exchange.events is None:
            return exchange
        of_stream = places or self._places_by_event.get(_event_id_of_stream(exchange.url))
        events = [
            (seconds, self._hide_event(event, of_stream)) for seconds, event in exchange.events
        ]
        return replace(exchange, events=events)

    def hide_in(self, exchange: Exchange, apps: Iterable[RecordedApp]) -> Exchange:
        """Return a call without its secret arguments, whichever of the apps it is for."""
        parts = urlsplit(exchange.url)
        for app in apps:
            scheme, host = urlsplit(app.base_url)[:2]
            url = urlunsplit((scheme, host, *parts[2:]))
            (exchange,) = self.hide([replace(exchange, url=url)])
        return replace(exchange, url=urlunsplit(parts))

    def _find(self, exchange: Exchange) -> _Places | None:
        """Return the places of the function that a request calls; None if it calls none."""
        body = as_dict(exchange.request_body.get("json"))
        if not is_array(body.get("data")):
            return None
        app = self._apps.find_app(exchange.url)
        dependency = None if app is None else find_function(app, exchange)
        if app is None or dependency is None:
            return None
        return self._find_places(app, dependency)

    def _find_places(self, app: RecordedApp, dependency: Dependency) -> _Places:
        key = app.base_url, dependency.fn_index
        if key not in self._places:
            names = _parameter_names(app, dependency)
            self._places[key] = _Places(
                frozenset(
                    index
                    for index, component in enumerate(dependency.inputs)
                    if _is_password(component)
                    or any(
                        is_secret_name(name) or name.lower() in self._fields
                        for name in (names.get(index, ""), component.label)
                    )
                ),
                frozenset(
                    index
                    for index, component in enumerate(dependency.outputs)
                    if _is_password(component)
                ),
            )
        return self._places[key]

    def _hide_defaults(self, exchange: Exchange) -> Exchange:
        """Return an /info without the defaults of secret parameters."""
        info = as_dict(exchange.body.get("json"))
        app = self._apps.find_app(exchange.url)
        if app is None or not is_object(info.get("named_endpoints")):
            return exchange
        endpoints: dict[str, Any] = {}
        for name, endpoint in as_dict(info["named_endpoints"]).items():
            endpoints[name] = endpoint
            dependency = app.config.find(name)
            parameters = as_list(as_dict(endpoint).get("parameters"))
            if dependency is None:
                continue
            slots = enumerate(dependency.inputs)
            visible = [index for index, component in slots if not component.hidden]
            if len(visible) != len(parameters) or not all(map(is_object, parameters)):
                continue
            places = self._find_places(app, dependency).arguments
            hidden = [
                {**parameter, "parameter_default": PLACEHOLDER}
                if index in places and as_str(parameter.get("parameter_default"))
                else parameter
                for index, parameter in zip(visible, parameters, strict=True)
            ]
            endpoints[name] = {**endpoint, "parameters": hidden}
        return replace(
            exchange, body={**exchange.body, "json": {**info, "named_endpoints": endpoints}}
        )

    def _hide(self, data: Sequence[Any], positions: Collection[int]) -> list[Any]:
        return [
            self._hide_value(value) if index in positions else value
            for index, value in enumerate(data)
        ]

    def _hide_value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool) or value in ("", PLACEHOLDER, [], {}):
            return value
        if is_object(value) and value.get("__type__") == "update":
            return {**value, "value": self._hide_value(value.get("value"))}
        if is_array(value) and all(is_array(edit) and len(edit) == 3 for edit in value):
            self.values.update(iter_strings([edit[2] for edit in value]))
            return [["replace", [], PLACEHOLDER]]  # the edits of a partial result
        self.values.update(iter_strings(value))
        return PLACEHOLDER

    def _hide_result(self, body: dict[str, Any], places: _Places) -> dict[str, Any]:
        result = as_dict(body.get("json"))
        if not places.outputs or not is_array(result.get("data")):
            return body
        return {**body, "json": {**result, "data": self._hide(result["data"], places.outputs)}}

    def _hide_event(self, event: ServerSentEvent, of_stream: _Places | None) -> ServerSentEvent:
        value = event.as_json()
        message = as_dict(value)
        places = self._places_by_event.get(as_str(message.get("event_id")), of_stream)
        if places is None or not places.outputs:
            return event
        if is_array(value):  # of the /call API
            return ServerSentEvent.from_json(event.name, self._hide(value, places.outputs))
        output = as_dict(message.get("output"))
        if not is_array(output.get("data")):
            return event
        hidden = {**output, "data": self._hide(output["data"], places.outputs)}
        return ServerSentEvent.from_json(event.name, {**message, "output": hidden})


def _parameter_names(app: RecordedApp, dependency: Dependency) -> dict[int, str]:
    """Return the names of parameters in /info by their positions in the data of a request."""
    endpoints = {
        **as_dict(as_dict(app.info).get("unnamed_endpoints")),
        **as_dict(as_dict(app.info).get("named_endpoints")),
    }
    parameters = as_list(as_dict(endpoints.get(dependency.name or "")).get("parameters"))
    visible = [index for index, slot in enumerate(dependency.inputs) if not slot.hidden]
    return {
        index: as_str(as_dict(parameter).get("parameter_name"))
        for index, parameter in zip(visible, parameters, strict=False)
    }


def _is_password(component: Component) -> bool:
    return component.props.get("type") == "password"


def _event_id_of_stream(url: str) -> str:
    """Return the event id in the path of a stream of the /call API; any other text else."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def iter_strings(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, without the names of fields."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for inner in value.values():
            yield from iter_strings(inner)
    elif is_array(value):
        for inner in value:
            yield from iter_strings(inner)
