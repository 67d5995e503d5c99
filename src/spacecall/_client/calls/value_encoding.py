"""Encode the arguments of a call for the wire, and decode its outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from spacecall._client.calls.prepared_call import (
    PreparedCall,
    collect_files,
    substitute_files,
    visible_outputs,
)
from spacecall._client.streams.connection import Connection
from spacecall._core import gradio3_files
from spacecall._core.component_outputs import restore_number
from spacecall._core.filedata import replace_files
from spacecall._core.protocol_versions import find_protocol_version
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.request_settings import Settings
from spacecall._io.transfers import encode_inline, upload

T = TypeVar("T")


async def encode_arguments(
    prepared: PreparedCall[Any],
    connection: Connection,
    link: AppHttpClient,
    settings: Settings,
    progress: Callable[[int, int | None], None],
    *,
    upload_id: str,
) -> list[Any]:
    """Upload the files of a call, and return the values of all inputs, hidden ones included.

    Args:
        prepared: the call.
        connection: to the app.
        link: of the call's channel.
        settings: of the call.
        progress: called with the bytes sent and the total, see `upload`.
        upload_id: see `upload`.

    Raises:
        SpaceError: a file cannot be read or sent.
    """
    payloads: dict[int, Any] = {}
    is_gradio3 = find_protocol_version(connection.app.protocol).gradio3_files
    if is_gradio3:
        slots = zip(prepared.values, prepared.endpoint.visible_inputs, strict=True)
        images = [value for value, slot in slots if gradio3_files.uses_data_url(slot.type)]
        for file in collect_files(images):
            payloads[id(file)] = await encode_inline(link, connection.app, file)
    files = {id(file): file for file in collect_files(prepared.values) if id(file) not in payloads}
    if files:
        uploaded = await upload(
            link, connection.app, list(files.values()), settings, progress, upload_id=upload_id
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
    return prepared.endpoint.fill_slots(values)


def decode_result(prepared: PreparedCall[T], connection: Connection, values: Sequence[Any]) -> T:
    """Return the caller's value for the raw outputs of a call."""
    slots = zip(
        visible_outputs(prepared.endpoint, values), prepared.endpoint.visible_returns, strict=False
    )
    outputs = [restore_number(value, component) for value, component in slots]
    if find_protocol_version(connection.app.protocol).gradio3_files:
        slots = zip(outputs, prepared.endpoint.visible_returns, strict=True)
        outputs = [gradio3_files.from_gradio3(value, component.type) for value, component in slots]
    return prepared.decode(outputs, connection.make_file)
