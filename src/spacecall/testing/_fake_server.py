"""The side of the app in Gradio's protocol (sse_v3), without a network."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import anyio

from spacecall._core.endpoint_names import endpoint_name
from spacecall._core.filedata import write_file_data
from spacecall._core.loose import items, mapping, text
from spacecall._io.intercept import NetworkError, Received, Sent
from spacecall.cassettes._format.bodies import boundary, disposition
from spacecall.cassettes._format.exchange import header
from spacecall.testing._fake_app import FakeApp, Function
from spacecall.testing._fake_jobs import LOST, Outcome, Session, call_events, error_body, queue_job

Play: TypeAlias = Callable[[Function, Sequence[Any]], Awaitable[Outcome]]
"""What a function gives for its inputs, which are without State."""

# Whatever the app's address and prefix are.
_ROUTE: Final = re.compile(
    r"/(config|info|upload|cancel|queue/(?:join|data)|(?:run|call)/.+|file=.*)$", re.DOTALL
)
_FOLDER: Final = "/tmp/gradio/"  # noqa: S108 - a name on the wire, as Gradio has it


class Server:
    """Answers requests as the app would.

    Args:
        app: what it says of itself.
        play: what its functions give.
    """

    def __init__(self, app: FakeApp, play: Play) -> None:
        self.base = app.base
        self.space = app.space
        self._app = app
        self._play = play
        self._files: dict[str, bytes] = {}
        self._sessions: dict[str, Session] = {}
        self._calls: dict[str, Outcome] = {}
        self._jobs = 0

    def keep(self, content: bytes, name: str) -> dict[str, Any]:
        """Put a file on the server; its FileData."""
        path = f"{_FOLDER}{hashlib.sha256(content).hexdigest()}/{name}"
        self._files[path] = content
        url = f"{self.base}{self._app.prefix}/file={path}"
        return write_file_data(path, url=url, orig_name=name, size=len(content), mime_type=None)

    def content(self, path: str) -> bytes | None:
        """The file at a path of the server."""
        return self._files.get(path)

    async def answer(self, request: Sent) -> Received:
        """The answer to one request."""
        parts = urlsplit(request.url)
        found = _ROUTE.search(unquote(parts.path))
        route = found[1] if found else ""
        body = b"".join([chunk async for chunk in request.body])
        session = parse_qs(parts.query).get("session_hash", [""])[0]
        match request.method, route.split("/"):
            case "GET", ["config"]:
                return answer_json(self._app.config())
            case "GET", ["info"]:
                return answer_json(self._app.info())
            case "GET", ["queue", "data"]:
                return _stream(self._session(session))
            case "GET", ["call", _, event_id] if event_id in self._calls:
                return _stream(_Told(call_events(self._calls.pop(event_id))))
            case "POST", ["queue", "join"]:
                return await self._join(_value(body))
            case "POST", ["cancel"]:
                asked = mapping(_value(body))
                fn_index = asked.get("fn_index")
                self._session(text(asked.get("session_hash"))).cancel(
                    fn_index if isinstance(fn_index, int) else None
                )
                return answer_json({"success": True})
            case "POST", ["run", _]:
                return await self._run(_value(body))
            case "POST", ["call", name]:
                return await self._call(name, _value(body))
            case "POST", ["upload"]:
                return self._upload(header(request.headers, "content-type"), body)
            case "GET" | "HEAD", [first, *_] if first.startswith("file="):
                content = self._files.get(route.removeprefix("file="))
                return _missing() if content is None else _bytes(content)
            case _:
                return _missing()

    def _session(self, session_hash: str) -> Session:
        return self._sessions.setdefault(session_hash, Session())

    async def _join(self, body: Any) -> Received:
        asked = mapping(body)
        function = self._function(asked.get("fn_index"))
        if function is None:
            return answer_json({"detail": "no such function"}, 500)
        outcome = await self._outcome(function, items(asked.get("data")))
        event_id = self._event_id()
        job = queue_job(event_id, function.fn_index, outcome, anyio.current_time())
        self._session(text(asked.get("session_hash"))).join(job)
        return answer_json({"event_id": event_id})

    def _function(self, fn_index: object) -> Function | None:
        functions = self._app.functions.values()
        return next((one for one in functions if one.fn_index == fn_index), None)

    async def _run(self, body: Any) -> Received:
        asked = mapping(body)
        function = self._function(asked.get("fn_index"))
        if function is None:
            return _missing()
        outcome = await self._outcome(function, items(asked.get("data")))
        await anyio.sleep(outcome.delay)
        if outcome.lost:
            raise NetworkError(LOST)
        if outcome.error is not None:
            return answer_json(error_body(outcome), 500)
        return answer_json(
            {"data": outcome.result, "is_generating": False, "duration": outcome.delay}
        )

    async def _call(self, name: str, body: Any) -> Received:
        function = self._app.functions.get(endpoint_name(name))
        if function is None:
            return _missing()
        event_id = self._event_id()
        self._calls[event_id] = await self._outcome(function, items(mapping(body).get("data")))
        return answer_json({"event_id": event_id})

    async def _outcome(self, function: Function, data: Sequence[Any]) -> Outcome:
        """What is played for inputs as they are on the wire, with State in its places."""
        given = [value for slot, value in zip(function.inputs, data, strict=False) if slot]
        return await self._play(function, given)

    def _upload(self, content_type: str, body: bytes) -> Received:
        mark = boundary(content_type)
        if mark is None:
            return answer_json({"detail": "no form"}, 400)
        paths: list[str] = []
        for part in (b"\r\n" + body).split(b"\r\n--" + mark.encode())[1:-1]:
            head, _, content = part.partition(b"\r\n\r\n")
            name = disposition(head.decode(errors="replace"))["filename"].rpartition("/")[2]
            paths.append(text(self.keep(content, name or "file")["path"]))
        return answer_json(paths)

    def _event_id(self) -> str:
        self._jobs += 1
        return f"{self._jobs:032x}"


class _Told:
    """A body that is produced while it is read."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def aclose(self) -> None:
        """Nothing is held open."""


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _bytes(content: bytes, kind: str = "application/octet-stream", status: int = 200) -> Received:
    headers = (("content-type", kind), ("content-length", str(len(content))))
    return Received(status, headers, _Told(_once(content)))


def answer_json(value: Any, status: int = 200) -> Received:
    """An answer that is a JSON value."""
    return _bytes(json.dumps(value).encode(), "application/json", status)


def _stream(body: Session | _Told) -> Received:
    return Received(200, (("content-type", "text/event-stream; charset=utf-8"),), body)


def _missing() -> Received:
    return answer_json({"detail": "Not Found"}, 404)


def _value(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
