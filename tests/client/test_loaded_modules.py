"""A program loads the libraries that its calls need, and no others."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.servers import AppServer

_CALL = """
import json, sys
import anyio
from spacecall import Space

async def main():
    async with Space(sys.argv[1]) as space:
        assert await space.call("/echo", text="hi") == "hi"

anyio.run(main)
print(json.dumps([*sys.modules]))
"""
_NOT_LOADED = (
    "pydantic",
    "pydantic_core",
    "spacecall._client.exchanges",
    "spacecall._io.transfers",
    "spacecall._wire",
    "spacecall.typed",
)


def test_a_call_by_name_loads_no_models(protocol_app: AppServer) -> None:
    text = subprocess.check_output([sys.executable, "-c", _CALL, protocol_app.url], timeout=120)
    modules: list[str] = json.loads(text)
    assert "spacecall._client.streams.stream_reader" in modules
    assert not [
        name for name in modules if f"{name}.".startswith(tuple(f"{p}." for p in _NOT_LOADED))
    ]
