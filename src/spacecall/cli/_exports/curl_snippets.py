"""Write shell programs that call an endpoint with curl."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.endpoint_names import url_segment
from spacecall._visible import visible_json
from spacecall.cli._exports.example_arguments import (
    LocalFile,
    example_arguments,
    local_files,
    replace_local_files,
)
from spacecall.cli._exports.python_snippets import SnippetAuth
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

__all__ = ["request_path", "upload_path", "uses_call_api", "write_curl"]

_WITHOUT_CALL_API = frozenset({"ws", "sse", "sse_v1", "sse_v2"})
"""The protocols of Gradio before 4.21, which has no simple call API."""
_GRADIO_3 = "ws"
_FILE_MARK = "\x00"  # begins a text that stands for an uploaded file; no example has it
_FIRST_TEXT = r"""sed 's/^\["//; s/"\]$//'"""
_EVENT_ID = r"""sed 's/.*"event_id": *"\([^"]*\)".*/\1/'"""


def request_path(config: AppConfig, dependency: Dependency) -> str:
    """Return the path of the requests that call a function.

    Functions that do not use the queue, and those of apps without the simple call API, are run by
    `/run/NAME`: one request, one response.

    Raises:
        InvalidInputError: a URL cannot contain the endpoint's name.
    """
    segment = url_segment(dependency.api_name or "")
    if segment is None:
        raise InvalidInputError(
            "curl cannot call this endpoint, since a URL cannot contain its name: use another "
            "--snippet",
            endpoint=dependency.name,
        )
    if uses_call_api(config, dependency):
        return _quote(gradio_requests.call_path(config, dependency))
    return _quote(f"{config.api_prefix}/run/{segment}")


def upload_path(config: AppConfig) -> str:
    """Return the path of the requests that upload files."""
    return _quote(f"{config.api_prefix}/upload")


def uses_call_api(config: AppConfig, dependency: Dependency) -> bool:
    """Tell whether a function is called over the simple call API."""
    return dependency.queued and config.protocol not in _WITHOUT_CALL_API


def write_curl(
    address: str,
    config: AppConfig,
    dependency: Dependency,
    endpoint: Endpoint,
    auth: SnippetAuth,
) -> str:
    """Return a shell program that prints the events of a call, or its response.

    `${NAME:?}` ends the program, but not a shell that it is pasted into, if NAME is empty because
    the request before it failed.

    Raises:
        InvalidInputError: a URL cannot contain the endpoint's name.
    """
    path = request_path(config, dependency)
    arguments = example_arguments(endpoint)
    values = [_value_of(parameter, arguments) for parameter in endpoint.parameters]
    files = local_files(values)
    variables = {file: f"FILE{number or ''}" for number, file in enumerate(files)}
    body = _body(config, dependency, values, variables)
    curl = f"curl -sS{_auth_options(auth)}"
    lines = [f"APP={shlex.quote(address.rstrip('/'))}"]
    if files:
        listed = ", ".join(file.name for file in files)
        lines.insert(0, f"# Files of yours in the current folder: {listed}")
    if auth.login:
        lines += [
            'curl -sS -f -o /dev/null -c cookies.txt "$APP/login" \\',
            '  --data-urlencode "username=$SPACECALL_USERNAME" \\',
            '  --data-urlencode "password=$SPACECALL_PASSWORD"',
        ]
    for file, variable in variables.items():
        if _sends_data_url(config, file):
            data = f"printf 'data:image/png;base64,'; base64 < {file.name} | tr -d '\\n'"
            lines.append(f"{variable}=$({data})")
        else:
            upload = f'{curl} -f "$APP{upload_path(config)}" -F files=@{file.name}'
            lines.append(f"{variable}=$({upload} | {_FIRST_TEXT})")
    request = f"-H 'Content-Type: application/json' \\\n  -d {body}"
    if uses_call_api(config, dependency):
        lines.append(f'EVENT=$({curl} -f "$APP{path}" {request} | {_EVENT_ID})')
        lines.append(f'{curl} -N "$APP{path}/${{EVENT:?}}"')
    else:
        lines.append(f'{curl} "$APP{path}" {request}')
    return "\n".join([*lines, ""])


def _value_of(parameter: Parameter, arguments: Mapping[str, Any]) -> Any:
    default = None if parameter.required else parameter.default
    return arguments.get(parameter.name, default)


def _body(
    config: AppConfig,
    dependency: Dependency,
    values: Sequence[Any],
    variables: Mapping[LocalFile, str],
) -> str:
    """Return the JSON of a request as a word of a shell; it contains the variables of files."""

    def mark(file: LocalFile) -> Any:
        marked = f"{_FILE_MARK}{variables[file]}{_FILE_MARK}"
        if _sends_data_url(config, file):
            return marked
        if config.protocol == _GRADIO_3:
            return {"name": marked, "data": None, "is_file": True}
        return {"path": marked, "meta": {"_type": "gradio.FileData"}}

    data = dependency.fill_slots([replace_local_files(value, mark) for value in values])
    text = visible_json(json.dumps({"data": data}, ensure_ascii=False)).replace("'", "\\u0027")
    escaped_mark = json.dumps(_FILE_MARK)[1:-1]
    for variable in variables.values():
        text = text.replace(f"{escaped_mark}{variable}{escaped_mark}", f"'\"${{{variable}:?}}\"'")
    return f"'{text}'"


def _sends_data_url(config: AppConfig, file: LocalFile) -> bool:
    return config.protocol == _GRADIO_3 and file.name == "image.png"  # see _core.gradio3_files


def _auth_options(auth: SnippetAuth) -> str:
    token = ' -H "Authorization: Bearer $HF_TOKEN"' if auth.token else ""
    return f"{token}{' -b cookies.txt' if auth.login else ''}"


def _quote(path: str) -> str:
    """Return a path in which a prefix that the app says means nothing to a shell or to OpenAPI."""
    return quote(path, safe="/%", errors="replace")
