"""Encode the arguments of a call for the wire, and decode its outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from spacecall._client.calls.call_arguments import bind_event_data
from spacecall._client.calls.prepared_call import (
    PreparedCall,
    collect_files,
    substitute_files,
    unwrap_update,
)
from spacecall._client.streams.connection import Connection
from spacecall._core import gradio3_files
from spacecall._core.auth_hints import ACTING_FOR_A_USER
from spacecall._core.component_outputs import restore_number
from spacecall._core.filedata import replace_files
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.protocol_versions import find_protocol_version
from spacecall._core.session_components import SessionComponents
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.request_settings import Settings
from spacecall.errors import AuthError, InvalidInputError

_MAX_TRIGGERS = 20
_MAX_QUERY_BYTES = 65_000
"""HTTP libraries refuse a query of more than 65,536 bytes. A job's has its session too."""
T = TypeVar("T")


async def encode_arguments(
    prepared: PreparedCall[Any],
    connection: Connection,
    app_client: AppHttpClient,
    settings: Settings,
    progress: Callable[[int, int | None], None],
    *,
    components: SessionComponents,
    upload_id: str,
) -> JobInputs:
    """Upload the files of a call, and return what its job is submitted with.

    Args:
        prepared: the call.
        connection: to the app.
        app_client: of the call's channel.
        settings: of the call.
        progress: called with the bytes sent and the total, see `upload`.
        components: of the call's session.
        upload_id: see `upload`.

    Raises:
        AuthError: the function needs the token of a user.
        InvalidInputError: no event of the component `trigger_id` runs the function, or
            `query_params` are too long.
        SpaceError: a file cannot be read or sent.
    """
    oauth_token = _user_token(prepared, app_client, settings)
    event_data = bind_event_data(settings.event_data)
    trigger_id = _find_trigger(prepared, settings)
    _check_query(settings.query_params)
    payloads: dict[int, Any] = {}
    is_gradio3 = find_protocol_version(connection.app.protocol).gradio3_files
    if is_gradio3:
        from spacecall._io.transfers import encode_inline  # noqa: PLC0415 - see `upload`

        slots = zip(prepared.values, prepared.endpoint.visible_inputs, strict=True)
        images = [value for value, slot in slots if gradio3_files.uses_data_url(slot.type)]
        for file in collect_files(images):
            payloads[id(file)] = await encode_inline(app_client, connection.app, file)
    files = {id(file): file for file in collect_files([*prepared.values, event_data])}
    files = {key: file for key, file in files.items() if key not in payloads}
    if files:
        from spacecall._io.transfers import upload  # noqa: PLC0415 - for files only

        uploaded = await upload(
            app_client,
            connection.app,
            list(files.values()),
            settings,
            progress,
            upload_id=upload_id,
        )
        payloads.update(zip(files, uploaded, strict=True))
    values = prepared.values
    if is_gradio3:
        payloads = {key: gradio3_files.to_gradio3(payload) for key, payload in payloads.items()}
        slots = zip(values, prepared.endpoint.visible_inputs, strict=True)
        values = [
            replace_files(value, gradio3_files.to_gradio3)
            if gradio3_files.has_files(slot.type)
            else value
            for value, slot in slots
        ]
    if payloads:
        values = [substitute_files(value, payloads) for value in values]
        event_data = substitute_files(event_data, payloads)
    return JobInputs(
        prepared.endpoint.fill_slots(values, components.changed_props),
        event_data,
        trigger_id,
        oauth_token,
        settings.query_params,
    )


def _check_query(query_params: Mapping[str, str]) -> None:
    size = len(urlencode(query_params, quote_via=quote))
    if size > _MAX_QUERY_BYTES:
        raise InvalidInputError(
            f"query_params have {size} bytes in the address, which takes {_MAX_QUERY_BYTES}: send "
            "long values as arguments"
        )


def _find_trigger(prepared: PreparedCall[Any], settings: Settings) -> int | None:
    """Return the id of the component whose event runs the function; None if it is unknown."""
    trigger_id, triggers = settings.trigger_id, prepared.endpoint.triggers
    if trigger_id is None:
        return triggers[0] if settings.event_data is not None and len(triggers) == 1 else None
    if settings.check and triggers and trigger_id not in triggers:
        raise InvalidInputError(
            f"no event of the component {trigger_id} runs the function: trigger_id can be "
            f"{', '.join(map(str, triggers[:_MAX_TRIGGERS]))}"
        )
    return trigger_id


def _user_token(
    prepared: PreparedCall[Any], app_client: AppHttpClient, settings: Settings
) -> str | None:
    """Return the user's token for a function that takes one."""
    if prepared.oauth is None:
        return None
    token = app_client.user_token(settings)
    has_cookies = app_client.login.is_of_browser or "cookie" in map(str.lower, settings.headers)
    if token is None and prepared.oauth == "required" and not has_cookies:
        raise AuthError(f"the function acts for a user, whose token is missing{ACTING_FOR_A_USER}")
    return token


def decode_result(prepared: PreparedCall[T], connection: Connection, values: Sequence[Any]) -> T:
    """Return the caller's value for the raw outputs of a call.

    A component update becomes the value that it sets.
    """
    raw = prepared.endpoint.select_visible(values)
    slots = zip(map(unwrap_update, raw), prepared.endpoint.visible_returns, strict=False)
    outputs = [restore_number(value, component) for value, component in slots]
    if find_protocol_version(connection.app.protocol).gradio3_files:
        slots = zip(outputs, prepared.endpoint.visible_returns, strict=True)
        outputs = [gradio3_files.from_gradio3(value, component.type) for value, component in slots]
    return prepared.finish(prepared.decode(outputs, connection.make_file), values)
