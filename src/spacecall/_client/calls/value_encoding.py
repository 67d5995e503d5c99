"""The values of a call as the wire has them: files sent and named, hidden slots filled."""

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
from spacecall._core.component_outputs import read_number
from spacecall._core.filedata import replace_files
from spacecall._core.protocol_versions import generation
from spacecall._io.app_http_client import Link
from spacecall._io.request_settings import Settings
from spacecall._io.transfers import inline, upload

T = TypeVar("T")


async def encode_arguments(
    plan: PreparedCall[Any],
    connection: Connection,
    link: Link,
    settings: Settings,
    progress: Callable[[int, int | None], None],
    *,
    upload_id: str,
) -> list[Any]:
    """Send the files of a call, and give what its function takes, every slot of it.

    Args:
        link: of the call's channel.
        progress, upload_id: see `upload`.

    Raises:
        SpaceError: a file cannot be read or sent.
    """
    payloads: dict[int, Any] = {}
    old = generation(connection.app.protocol).old_files
    if old:
        slots = zip(plan.values, plan.endpoint.visible_inputs, strict=True)
        images = [value for value, one in slots if gradio3_files.is_image(one.type)]
        for file in collect_files(images):
            payloads[id(file)] = await inline(link, connection.app, file)
    files = {id(one): one for one in collect_files(plan.values) if id(one) not in payloads}
    if files:
        sent = await upload(
            link, connection.app, list(files.values()), settings, progress, upload_id=upload_id
        )
        payloads.update(zip(files, sent, strict=True))
    values = plan.values
    if old:
        payloads = {key: gradio3_files.write(payload) for key, payload in payloads.items()}
        slots = zip(values, plan.endpoint.visible_inputs, strict=True)
        values = [
            replace_files(value, gradio3_files.write)
            if gradio3_files.holds_files(slot.type)
            else value
            for value, slot in slots
        ]
    if payloads:
        values = [substitute_files(value, payloads) for value in values]
    return plan.endpoint.fill(values)


def decode_result(plan: PreparedCall[T], connection: Connection, values: Sequence[Any]) -> T:
    """The caller's value of the raw outputs of a call."""
    slots = zip(visible_outputs(plan.endpoint, values), plan.endpoint.visible_returns, strict=False)
    outputs = [read_number(value, component) for value, component in slots]
    if generation(connection.app.protocol).old_files:
        slots = zip(outputs, plan.endpoint.visible_returns, strict=True)
        outputs = [gradio3_files.read(value, component.type) for value, component in slots]
    return plan.decode(outputs, connection.make_file)
