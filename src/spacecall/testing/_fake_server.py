"""The server's side of Gradio's protocol (sse_v3), without a network."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import anyio

from spacecall._core.endpoint_names import endpoint_name
from spacecall._core.filedata import make_file_data
from spacecall._core.json_values import as_dict, as_list, as_str
from spacecall._io.interceptor import InterceptedRequest, InterceptedResponse, NetworkError
from spacecall.cassettes._format.exchange import get_header
from spacecall.cassettes._format.upload_parts import parse_boundary, parse_part_headers
from spacecall.testing._fake_app import FakeApp, FakeEndpoint
from spacecall.testing._fake_jobs import (
    DISCONNECT,
    FakeSession,
    JobPlan,
    make_error_body,
    schedule_job,
    stream_call_events,
)

PlanJob: TypeAlias = Callable[[FakeEndpoint, Sequence[Any]], Awaitable[JobPlan]]
"""Return the plan of a job, from its endpoint and its inputs without State."""

# At the end of a path, whatever the app's address and prefix are.
_ROUTE: Final = re.compile(
    r"/(config|info|upload|cancel|queue/(?:join|data)|(?:run|call)/.+|file=.*)$", re.DOTALL
)
_FOLDER: Final = "/tmp/gradio/"  # noqa: S108 - a path on the wire, as Gradio has it


class FakeServer:
    """Answers requests as the app would.

    Args:
        app: the app, with its /config and /info.
        plan_job: decides what a job returns.
    """

    def __init__(self, app: FakeApp, plan_job: PlanJob) -> None:
        self.base_url = app.base_url
        self.space_id = app.space_id
        self._app = app
        self._plan_job = plan_job
        self._files: dict[str, bytes] = {}
        self._sessions: dict[str, FakeSession] = {}
        self._call_plans: dict[str, JobPlan] = {}
        self._job_count = 0

    def add_file(self, content: bytes, name: str) -> dict[str, Any]:
        """Put a file on the server; return its FileData."""
        path = f"{_FOLDER}{hashlib.sha256(content).hexdigest()}/{name}"
        self._files[path] = content
        url = f"{self.base_url}{self._app.api_prefix}/file={path}"
        return make_file_data(path, url=url, orig_name=name, size=len(content), mime_type=None)

    def read_file(self, path: str) -> bytes | None:
        """Return the content of the file at a path of the server; None if it is missing."""
        return self._files.get(path)

    async def answer(self, request: InterceptedRequest) -> InterceptedResponse:
        """Return the response to a request."""
        url = urlsplit(request.url)
        match = _ROUTE.search(unquote(url.path))
        route = match[1] if match else ""
        body = b"".join([chunk async for chunk in request.body])
        match request.method, route.split("/"):
            case "GET", ["config"]:
                return make_json_response(self._app.config())
            case "GET", ["info"]:
                return make_json_response(self._app.info())
            case "GET", ["queue", "data"]:
                session_hash = parse_qs(url.query).get("session_hash", [""])[0]
                return _make_event_stream(self._session(session_hash))
            case "GET", ["call", _, event_id] if event_id in self._call_plans:
                events = stream_call_events(self._call_plans.pop(event_id))
                return _make_event_stream(_StreamedBody(events))
            case "POST", ["queue", "join"]:
                return await self._join(_parse_json(body))
            case "POST", ["cancel"]:
                return self._cancel(_parse_json(body))
            case "POST", ["run", _]:
                return await self._run(_parse_json(body))
            case "POST", ["call", name]:
                return await self._call(name, _parse_json(body))
            case "POST", ["upload"]:
                return self._upload(get_header(request.headers, "content-type"), body)
            case "GET" | "HEAD", [first, *_] if first.startswith("file="):
                content = self.read_file(route.removeprefix("file="))
                return _make_not_found() if content is None else _make_response(content)
            case _:
                return _make_not_found()

    def _session(self, session_hash: str) -> FakeSession:
        return self._sessions.setdefault(session_hash, FakeSession())

    async def _join(self, body: Any) -> InterceptedResponse:
        request = as_dict(body)
        endpoint = self._find_endpoint(request.get("fn_index"))
        if endpoint is None:
            return make_json_response({"detail": "no such function"}, 500)
        plan = await self._plan(endpoint, as_list(request.get("data")))
        event_id = self._new_event_id()
        job = schedule_job(event_id, endpoint.fn_index, plan, anyio.current_time())
        self._session(as_str(request.get("session_hash"))).join(job)
        return make_json_response({"event_id": event_id})

    def _cancel(self, body: Any) -> InterceptedResponse:
        request = as_dict(body)
        fn_index = request.get("fn_index")
        session = self._session(as_str(request.get("session_hash")))
        session.cancel(fn_index if isinstance(fn_index, int) else None)
        return make_json_response({"success": True})

    def _find_endpoint(self, fn_index: object) -> FakeEndpoint | None:
        endpoints = self._app.endpoints.values()
        return next((endpoint for endpoint in endpoints if endpoint.fn_index == fn_index), None)

    async def _run(self, body: Any) -> InterceptedResponse:
        request = as_dict(body)
        endpoint = self._find_endpoint(request.get("fn_index"))
        if endpoint is None:
            return _make_not_found()
        plan = await self._plan(endpoint, as_list(request.get("data")))
        await anyio.sleep(plan.delay)
        if plan.disconnects:
            raise NetworkError(DISCONNECT)
        if plan.error is not None:
            return make_json_response(make_error_body(plan), 500)
        return make_json_response(
            {"data": plan.result, "is_generating": False, "duration": plan.delay}
        )

    async def _call(self, name: str, body: Any) -> InterceptedResponse:
        endpoint = self._app.endpoints.get(endpoint_name(name))
        if endpoint is None:
            return _make_not_found()
        event_id = self._new_event_id()
        self._call_plans[event_id] = await self._plan(endpoint, as_list(as_dict(body).get("data")))
        return make_json_response({"event_id": event_id})

    async def _plan(self, endpoint: FakeEndpoint, data: Sequence[Any]) -> JobPlan:
        """Return the plan of a job for its inputs on the wire, State included."""
        inputs = [value for slot, value in zip(endpoint.inputs, data, strict=False) if slot]
        return await self._plan_job(endpoint, inputs)

    def _upload(self, content_type: str, body: bytes) -> InterceptedResponse:
        boundary = parse_boundary(content_type)
        if boundary is None:
            return make_json_response({"detail": "the body is not a multipart form"}, 400)
        paths: list[str] = []
        for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:-1]:
            head, _, content = part.partition(b"\r\n\r\n")
            filename = parse_part_headers(head.decode(errors="replace"))["filename"]
            name = filename.rpartition("/")[2] or "file"
            paths.append(as_str(self.add_file(content, name)["path"]))
        return make_json_response(paths)

    def _new_event_id(self) -> str:
        self._job_count += 1
        return f"{self._job_count:032x}"


class _StreamedBody:
    """A body that is produced while it is read."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def aclose(self) -> None:
        """Do nothing: no resource is open."""


async def _iter_once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _make_response(
    content: bytes, content_type: str = "application/octet-stream", status: int = 200
) -> InterceptedResponse:
    headers = (("content-type", content_type), ("content-length", str(len(content))))
    return InterceptedResponse(status, headers, _StreamedBody(_iter_once(content)))


def make_json_response(value: Any, status: int = 200) -> InterceptedResponse:
    """Return a response with the JSON of a value."""
    return _make_response(json.dumps(value).encode(), "application/json", status)


def _make_event_stream(body: FakeSession | _StreamedBody) -> InterceptedResponse:
    headers = (("content-type", "text/event-stream; charset=utf-8"),)
    return InterceptedResponse(200, headers, body)


def _make_not_found() -> InterceptedResponse:
    return make_json_response({"detail": "Not Found"}, 404)


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
