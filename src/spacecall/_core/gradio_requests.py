"""The requests of Gradio's protocol, as values: nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import dumps
from typing import Any, Literal
from urllib.parse import quote

from spacecall._core.app_config import AppConfig, Dependency
from spacecall._core.endpoint_names import url_segment
from spacecall._core.json_values import error_text
from spacecall.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class AppRun:
    """One run of an app, from its start to its end.

    Attributes:
        app_id: tells it from other runs; None where the app does not tell it.
        path: where a GET tells the `app_id` of the run that is there now, without a login.
        layout: of its functions, see `AppConfig.layout`.
    """

    app_id: str | None
    path: str
    layout: str

    @classmethod
    def of(cls, app: AppConfig) -> AppRun:
        """Return the run of the app whose /config this is."""
        return cls(app.app_id, f"{app.api_prefix}/app_id", app.layout)


@dataclass(frozen=True, slots=True)
class Request:
    """A request relative to the app's base URL.

    Attributes:
        method: GET and HEAD change nothing and may be repeated; POST may not.
        path: begins with a slash; the api prefix is in it.
        query: names and values of the query.
        json: the body as a value that becomes JSON, where there is one.
        form: the body as form fields, where there is one.
        run: the run of the app that it is meant for, where it means nothing to another one, or
            cannot be repeated, or where the answer of another one would be of other functions.
    """

    method: Literal["GET", "HEAD", "POST"]
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Any = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    run: AppRun | None = field(default=None, compare=False)

    def encoded(self) -> bytes | None:
        """`json` as bytes, where there is one.

        Raises:
            InvalidInputError: it holds something that JSON cannot carry.
        """
        if self.json is None:
            return None
        try:
            text = dumps(self.json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            return text.encode()
        except Exception as error:  # a subclass of dict, a caller's own, may raise anything
            text = f"an argument cannot be sent as JSON: {error_text(error)}"
            raise InvalidInputError(text) from error


CONFIG = Request("GET", "/config")


def info(app: AppConfig, *, all_endpoints: bool = False) -> Request:
    """Names and schemas of the endpoints; with `all_endpoints` (4.44+) undocumented ones too."""
    query = {"all_endpoints": "true"} if all_endpoints else {}
    return Request("GET", f"{app.api_prefix}/info", query, run=AppRun.of(app))


def login(username: str, password: str) -> Request:
    """`/login` takes a form and is never prefixed."""
    return Request("POST", "/login", form={"username": username, "password": password})


def join(app: AppConfig, endpoint: Dependency, data: Sequence[Any], session_hash: str) -> Request:
    """Put a job into the queue. `data` holds every slot, State as None."""
    body = {"data": list(data), "fn_index": endpoint.fn_index, "session_hash": session_hash}
    return Request("POST", f"{app.api_prefix}/queue/join", json=body, run=AppRun.of(app))


def run(app: AppConfig, endpoint: Dependency, data: Sequence[Any], session_hash: str) -> Request:
    """Call a function that does not use the queue; the answer is the output itself.

    Every server goes by `fn_index`: a name that a URL cannot carry is left out of the path.
    """
    name = url_segment(endpoint.api_name or "") or "predict"
    body = {"data": list(data), "fn_index": endpoint.fn_index, "session_hash": session_hash}
    return Request("POST", f"{app.api_prefix}/run/{name}", json=body, run=AppRun.of(app))


def call(app: AppConfig, endpoint: Dependency, data: Sequence[Any]) -> Request:
    """Put a job into the queue over the simple call API (4.21+), in a session of its own.

    Raises:
        InvalidInputError: as `call_path`.
    """
    path = call_path(app, endpoint)
    return Request("POST", path, json={"data": list(data)}, run=AppRun.of(app))


def call_stream(app: AppConfig, endpoint: Dependency, event_id: str) -> Request:
    """The events of a job of the simple call API. To be opened once."""
    return Request("GET", f"{call_path(app, endpoint)}/{quote(event_id, safe='')}")


def call_path(app: AppConfig, endpoint: Dependency) -> str:
    """The path of an endpoint in the simple call API.

    Raises:
        InvalidInputError: the endpoint's name cannot be a part of a URL.
    """
    segment = url_segment(endpoint.api_name or "")
    if segment is None:
        raise InvalidInputError(
            "the simple call API cannot reach an endpoint with this name, which a URL cannot "
            "carry: call without call_api=True",
            endpoint=endpoint.name,
        )
    return f"{app.api_prefix}/call/{segment}"


def stream(app: AppConfig, session_hash: str) -> Request:
    """The messages of every job of one session. To be opened once at a time, after a join."""
    return Request("GET", f"{app.api_prefix}/queue/data", {"session_hash": session_hash})


def own_stream(
    app: AppConfig, endpoint: Dependency, session_hash: str, *, websocket: bool
) -> Request:
    """Put a job into the queue and get its own messages (`sse`), or a websocket for them (`ws`)."""
    query = {"fn_index": str(endpoint.fn_index), "session_hash": session_hash}
    query = {} if websocket else query
    return Request("GET", f"{app.api_prefix}/queue/join", query, run=AppRun.of(app))


def arguments(app: AppConfig, body: Mapping[str, Any]) -> Request:
    """The arguments of a job, when its own stream asks for them (`sse`)."""
    return Request("POST", f"{app.api_prefix}/queue/data", json=body, run=AppRun.of(app))


def cancel(app: AppConfig, fn_index: int, session_hash: str, event_id: str) -> Request:
    """Cancel every running job of the same session and function, not only `event_id`."""
    body = {"session_hash": session_hash, "fn_index": fn_index, "event_id": event_id}
    return Request("POST", f"{app.api_prefix}/cancel", json=body)


def reset(app: AppConfig, event_id: str) -> Request:
    """End one job, before 4.34, which has no /cancel; what it was to say is never told."""
    return Request("POST", f"{app.api_prefix}/reset", json={"event_id": event_id})


def upload(app: AppConfig, upload_id: str) -> Request:
    """Where files of one call go, as multipart parts named `files`."""
    return Request("POST", f"{app.api_prefix}/upload", {"upload_id": upload_id}, run=AppRun.of(app))


def file(app: AppConfig, path: str) -> Request:
    """Where a file of the server is fetched, by its path there."""
    return Request("GET", f"{app.api_prefix}/file=" + quote(path, safe="/:", errors="replace"))


def file_size(app: AppConfig, path: str) -> Request:
    """Ask how large a file of the server is, without its content."""
    return replace(file(app, path), method="HEAD")
