"""Build the requests of Gradio's protocol; nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import dumps
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency, FunctionsDigest
from spacecall._core.endpoint_names import url_segment
from spacecall._core.json_values import describe_error
from spacecall.errors import InvalidInputError


class AppRun(NamedTuple):
    """One run of an app, from its start to its end.

    Attributes:
        app_id: the id of the run; None if the app does not send it.
        path: the path that returns the `app_id` of the current run, without a login.
        functions_digest: the digest of its functions.
    """

    app_id: str | None
    path: str
    functions_digest: FunctionsDigest

    @classmethod
    def of(cls, app: AppConfig) -> AppRun:
        """Return the run of the app with this /config."""
        return cls(app.app_id, f"{app.api_prefix}/app_id", app.functions_digest)


@dataclass(frozen=True, slots=True)
class Request:
    """A request relative to the app's base URL.

    Attributes:
        method: GET and HEAD change nothing and may be repeated; POST may not.
        path: the path with a leading slash, API prefix included.
        query: names and values of the query.
        json: the value of the JSON body, or None.
        form: the fields of a form body, or None.
        run: the run of the app that the request is valid for: it must not reach another run, which
            may have other functions. None for a request to any run.
    """

    method: Literal["GET", "HEAD", "POST"]
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    run: AppRun | None = field(default=None, compare=False)

    def encoded(self) -> bytes | None:
        """Return the JSON body as bytes; None without one.

        Raises:
            InvalidInputError: a value in it cannot be written as JSON.
        """
        if self.json is None:
            return None
        try:
            text = dumps(self.json, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            return text.encode()
        except Exception as error:  # a subclass of dict, a caller's own, may raise anything
            text = f"an argument cannot be sent as JSON: {describe_error(error)}"
            raise InvalidInputError(text) from error


CONFIG = Request("GET", "/config")


@dataclass(frozen=True, slots=True)
class JobInputs:
    """What a job is submitted with.

    Attributes:
        data: a value for every input slot, None for State.
        event_data: the details of an event on the page; None for none.
        trigger_id: the id of the component of that event.
        oauth_token: the token of the user for whom the function acts.
        query: names and values that the function reads from the URL of the request.
    """

    data: Sequence[Any]
    event_data: Any = None
    trigger_id: int | None = None
    oauth_token: str | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict[str, str])

    def body(self, endpoint: Dependency, session_hash: str) -> dict[str, Any]:
        """Return the body of a request that submits the job; what is None is left out."""
        optional = {
            "event_data": self.event_data,
            "trigger_id": self.trigger_id,
            "oauth_token": self.oauth_token,
        }
        return {
            "data": list(self.data),
            "fn_index": endpoint.fn_index,
            "session_hash": session_hash,
            **{name: value for name, value in optional.items() if value is not None},
        }


def info(app: AppConfig, *, all_endpoints: bool = False) -> Request:
    """Get the schemas of the endpoints; with `all_endpoints` (4.44+) of undocumented ones too."""
    query = {"all_endpoints": "true"} if all_endpoints else {}
    return Request("GET", f"{app.api_prefix}/info", query, run=AppRun.of(app))


def login(username: str, password: str) -> Request:
    """Log in with a form. The path never has the API prefix."""
    return Request("POST", "/login", form={"username": username, "password": password})


def join(app: AppConfig, endpoint: Dependency, inputs: JobInputs, session_hash: str) -> Request:
    """Put a job into the queue."""
    body = inputs.body(endpoint, session_hash)
    return Request(
        "POST", f"{app.api_prefix}/queue/join", inputs.query, json=body, run=AppRun.of(app)
    )


def run(app: AppConfig, endpoint: Dependency, inputs: JobInputs, session_hash: str) -> Request:
    """Call a function without the queue; the response is the output itself.

    Every server reads `fn_index`, so a name that a URL cannot contain is left out of the path.
    """
    name = url_segment(endpoint.api_name or "") or "predict"
    body = inputs.body(endpoint, session_hash)
    path = f"{app.api_prefix}/run/{name}"
    return Request("POST", path, inputs.query, json=body, run=AppRun.of(app))


def component_server(
    app: AppConfig, endpoint: Dependency, inputs: JobInputs, session_hash: str
) -> Request:
    """Call a server function of a component; the response is the value itself."""
    body = {
        "data": inputs.data[0],
        "fn_name": endpoint.server_function,
        "component_id": endpoint.outputs[0].id,
        "session_hash": session_hash,
    }
    path = f"{app.api_prefix}/component_server"
    return Request("POST", path, inputs.query, json=body, run=AppRun.of(app))


def deep_link(app: AppConfig, session_hash: str) -> Request:
    """Store the values of a session's components; the response is the id of the link (5.23+)."""
    query = {"session_hash": session_hash}
    return Request("GET", f"{app.api_prefix}/deep_link", query, run=AppRun.of(app))


def call(app: AppConfig, endpoint: Dependency, inputs: JobInputs) -> Request:
    """Put a job into the queue through the /call API (4.21+), in a session of its own.

    Raises:
        InvalidInputError: as `call_path`; or the inputs have details of an event.
    """
    path = call_path(app, endpoint)
    if inputs.event_data is not None or inputs.trigger_id is not None:
        raise InvalidInputError(
            "the /call API does not send event_data: call without call_api=True",
            endpoint=endpoint.name,
        )
    token = {} if inputs.oauth_token is None else {"oauth_token": inputs.oauth_token}
    body = {"data": list(inputs.data), **token}
    return Request("POST", path, inputs.query, json=body, run=AppRun.of(app))


def call_stream(app: AppConfig, endpoint: Dependency, event_id: str) -> Request:
    """Open the event stream of a job of the /call API. The server answers it once."""
    return Request("GET", f"{call_path(app, endpoint)}/{quote(event_id, safe='')}")


def call_path(app: AppConfig, endpoint: Dependency) -> str:
    """Return the path of an endpoint in the /call API.

    Raises:
        InvalidInputError: a URL cannot contain the endpoint's name.
    """
    segment = url_segment(endpoint.api_name or "")
    if segment is None:
        raise InvalidInputError(
            "the /call API cannot reach this endpoint, since a URL cannot contain its name: "
            "call without call_api=True",
            endpoint=endpoint.name,
        )
    return f"{app.api_prefix}/call/{segment}"


def stream(app: AppConfig, session_hash: str) -> Request:
    """Open the event stream of a session, for all its jobs. Only one may be open, after a join."""
    return Request("GET", f"{app.api_prefix}/queue/data", {"session_hash": session_hash})


def heartbeat(app: AppConfig, session_hash: str) -> Request:
    """Tell that a session is in use; the server ends the session when the request is closed."""
    path = f"{app.api_prefix}/heartbeat/{quote(session_hash, safe='')}"
    return Request("GET", path, run=AppRun.of(app))


def job_stream(
    app: AppConfig,
    endpoint: Dependency,
    session_hash: str,
    *,
    websocket: bool,
    query: Mapping[str, str] = {},
) -> Request:
    """Put a job into the queue and open its event stream (`sse`) or its WebSocket (`ws`).

    Args:
        query: names and values that the function reads.
    """
    identity = {"fn_index": str(endpoint.fn_index), "session_hash": session_hash}
    query = query if websocket else {**query, **identity}
    return Request("GET", f"{app.api_prefix}/queue/join", query, run=AppRun.of(app))


def arguments(app: AppConfig, body: Mapping[str, Any]) -> Request:
    """Send the arguments of a job after its event stream asked for them (`sse`)."""
    return Request("POST", f"{app.api_prefix}/queue/data", json=body, run=AppRun.of(app))


def send_input(
    app: AppConfig, endpoint: Dependency, inputs: JobInputs, session_hash: str, event_id: str
) -> Request:
    """Send a further input to a job that takes a stream (5+). Gradio 5 takes it for ended ones."""
    path = f"{app.api_prefix}/stream/{quote(event_id, safe='')}"
    body = inputs.body(endpoint, session_hash)
    return Request("POST", path, inputs.query, json=body, run=AppRun.of(app))


def close_input(app: AppConfig, event_id: str) -> Request:
    """End the input of a job that takes a stream (5+).

    A job that has not run yet then ends with its first value. A job that waits for input ends; in
    Gradio 5 it runs once more before, with its last input.
    """
    path = f"{app.api_prefix}/stream/{quote(event_id, safe='')}/close"
    return Request("POST", path, json={})


def cancel(app: AppConfig, fn_index: int, session_hash: str, event_id: str) -> Request:
    """Cancel all running jobs of the same session and function, not only `event_id`."""
    body = {"session_hash": session_hash, "fn_index": fn_index, "event_id": event_id}
    return Request("POST", f"{app.api_prefix}/cancel", json=body)


def reset(app: AppConfig, event_id: str) -> Request:
    """End one job on Gradio before 4.34, which has no /cancel; its result is never sent."""
    return Request("POST", f"{app.api_prefix}/reset", json={"event_id": event_id})


def upload(app: AppConfig, upload_id: str) -> Request:
    """Upload the files of one call, as multipart parts named `files`."""
    return Request("POST", f"{app.api_prefix}/upload", {"upload_id": upload_id}, run=AppRun.of(app))


def file(app: AppConfig, path: str) -> Request:
    """Download a file by its path on the server."""
    return Request("GET", f"{app.api_prefix}/file=" + quote(path, safe="/:", errors="replace"))


def streamed_media(app: AppConfig, path: str) -> Request:
    """Get the playlist (5+) or the bytes (3, 4) of streamed media by the path of its FileData."""
    return Request("GET", f"{app.api_prefix}/stream/" + quote(path, safe="/"))


def file_size(app: AppConfig, path: str) -> Request:
    """Get the size of a file on the server, without its content."""
    return replace(file(app, path), method="HEAD")
