"""The app that the stand-in says it is: a few endpoints, in the shape of Gradio 6."""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
FILE: dict[str, Any] = {
    "type": "object",
    "title": "FileData",
    "properties": {
        "path": TEXT,
        "url": TEXT,
        "mime_type": TEXT,
        "orig_name": TEXT,
        "meta": {"type": "object"},
    },
}
ECHO, STREAM, CHAT, PLAIN, HOLD, FILES, LISTEN, WATCH = range(8)
"""The functions' numbers. HOLD never ends by itself; PLAIN does not use the queue; LISTEN takes a
stream of texts and counts them in its State; WATCH does so with files."""

NAMES = {
    ECHO: "echo",
    STREAM: "stream",
    CHAT: "chat",
    PLAIN: "plain",
    HOLD: "hold",
    FILES: "file",
    LISTEN: "listen",
    WATCH: "watch",
}
_TEXT_IN, _TEXT_OUT, _STATE, _FILE_IN, _FILE_OUT = range(1, 6)


def config(**changes: Any) -> dict[str, Any]:
    """What GET /config answers."""
    return {
        "version": "6.31.0",
        "mode": "blocks",
        "app_id": 1,
        "title": "stand-in",
        "protocol": "sse_v3",
        "api_prefix": "/gradio_api",
        "max_file_size": None,
        "components": [
            _component(_TEXT_IN, "textbox"),
            _component(_TEXT_OUT, "textbox"),
            _component(_STATE, "state", skip_api=True),
            _component(_FILE_IN, "file"),
            _component(_FILE_OUT, "file"),
        ],
        "dependencies": [_dependency(number) for number in NAMES],
        **changes,
    }


def info() -> dict[str, Any]:
    """What GET /info answers."""
    endpoints = {f"/{name}": _endpoint(number) for number, name in NAMES.items()}
    return {"named_endpoints": endpoints, "unnamed_endpoints": {}}


def _component(number: int, kind: str, *, skip_api: bool = False) -> dict[str, Any]:
    return {"id": number, "type": kind, "props": {"label": kind}, "skip_api": skip_api}


def _dependency(number: int) -> dict[str, Any]:
    takes_stream = number in (LISTEN, WATCH)
    state = [_STATE] if number == CHAT or takes_stream else []
    value = _FILE_IN if number in (FILES, WATCH) else _TEXT_IN
    return {
        "id": number,
        "api_name": NAMES[number],
        "inputs": [value, *state],
        "outputs": [_FILE_OUT if number == FILES else _TEXT_OUT, *state],
        "queue": number != PLAIN,
        "backend_fn": True,
        "types": {"generator": number == STREAM, "cancel": False},
        "api_visibility": "public",
        "targets": [[value, "stream" if takes_stream else "submit"]],
        "connection": "stream" if takes_stream else "sse",
        "time_limit": 30,
    }


def _endpoint(number: int) -> dict[str, Any]:
    file = {"label": "file", "type": FILE, "component": "File"}
    text = {"label": "text", "type": {} if number == HOLD else TEXT, "component": "Text"}
    value = file if number in (FILES, WATCH) else text
    parameter = {
        "parameter_name": value["label"],
        "parameter_has_default": False,
        "parameter_default": None,
    }
    return {
        "parameters": [value | parameter],
        "returns": [file if number == FILES else text],
        "description": "",
    }
