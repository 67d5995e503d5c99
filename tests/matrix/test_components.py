"""What every component gives, in a client that was generated for it: never drift."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, cast

import pytest

from spacecall import AppError, File, Space
from spacecall.codegen._schemas.app_documents import fetch_app
from tests.codegen.apps import generated, load
from tests.conftest import ServerPool
from tests.matrix.conftest import PATIENT
from tests.matrix.test_clients import in_order

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"])  # values do not depend on it

OLD = ("4.10.0", "4.0.2", "3.50.2")
ALWAYS = ("None", "update", "empty update")
PROBES = {
    "annotatedimage": ("annotated",),
    "audio": ("sound", "file"),
    "chatbot": ("messages", "pairs", "file pairs"),
    "checkbox": ("True",),
    "checkboxgroup": ("choices", "texts", "empty list"),
    "code": ("text",),
    "colorpicker": ("color", "nan"),
    "dataframe": ("frame", "rows"),
    "datetime": ("datetime", "aware datetime", "date text"),
    "downloadbutton": ("file",),
    "dropdown": ("choice", "text"),
    "dropdown_multiselect": ("choices", "texts", "empty list"),
    "dropdown_numbers": ("int", "float"),
    "file": ("file", "files", "pictures", "empty list"),
    "file_multiple": ("file", "files", "empty list"),
    "fileexplorer": ("file", "files"),
    "gallery": ("pictures", "captioned", "pils", "empty list"),
    "highlightedtext": ("spans",),
    "html": ("html",),
    "image": ("pil", "picture", "array"),
    "imageeditor": ("editor", "empty editor", "pil"),
    "imageslider": ("pil pair", "pair with None"),
    "json": ("dict", "int", "texts"),
    "label": ("confidences", "text", "nan"),
    "markdown": ("text",),
    "model3d": ("file",),
    "multimodaltextbox": ("message", "message with files", "message without text", "text"),
    "number": ("int", "big int", "float", "nan", "numpy int", "numpy float"),
    "number_precision": ("int", "big int", "float"),
    "plot": ("figure",),
    "radio": ("choice", "text"),
    "radio_numbers": ("int", "float"),
    "slider": ("int", "big int", "float", "whole float", "nan", "numpy int", "numpy float"),
    "textbox": ("text", "int", "nan"),
    "timer": ("float", "int"),
    "uploadbutton": ("file", "files"),
    "video": ("file",),
}
"""What functions return to a component, besides `ALWAYS`; for its options too."""


@pytest.fixture(scope="session")
def components(release: str, app_server: ServerPool) -> str:
    return app_server("component_values.py", release).url


async def test_what_every_component_gives(components: str, release: str, tmp_path: Path) -> None:
    name = f"components_{release.replace('.', '_')}"
    module = load(generated(await fetch_app(components), "parts"), tmp_path, name)
    async with Space(components, timeouts=PATIENT) as space:
        client: Any = module.Parts(space)
        rows: list[str] = (await client.names())["rows"]
        count = 0
        for row in rows:
            method = getattr(client, f"out_{row}", None)
            if method is None or f"/out_{row}" not in space.endpoints:
                continue
            kind = row if row in PROBES else row.partition("_")[0]
            returns = space.endpoints[f"/out_{row}"].returns
            for probe in (*ALWAYS, *PROBES.get(kind, ())) if returns else ():
                (argument,) = (p.name for p in space.endpoints[f"/out_{row}"].parameters)
                try:
                    raw = await space.call(f"/out_{row}", **{argument: probe})
                except AppError:
                    continue  # this release cannot do it
                value = await in_order(method, probe)
                count += 1
                assert agree(value, raw), (row, probe, value, raw)
    assert count > 100


async def test_a_number_survives_a_chain(components: str, release: str, tmp_path: Path) -> None:
    name = f"chain_{release.replace('.', '_')}"
    module = load(generated(await fetch_app(components), "parts"), tmp_path, name)
    async with Space(components, timeouts=PATIENT) as space:
        client: Any = module.Parts(space)
        for row, probe in (("number", "big int"), ("slider", "int"), ("number", "int")):
            seed = await in_order(getattr(client, f"out_{row}"), probe)
            (argument,) = (p.name for p in space.endpoints[f"/out_{row}"].parameters)
            raw = await space.call(f"/out_{row}", **{argument: probe})
            assert (type(seed), seed) == (type(raw), raw)
            # a Number of Gradio up to 4.10 makes floats of its ints itself
            assert isinstance(seed, int) or (row == "number" and release in OLD)
            received = await in_order(getattr(client, f"in_{row}"), seed)
            assert json.loads(received) == {"type": type(seed).__name__, "text": str(seed)}


def agree(typed: Any, raw: Any) -> bool:
    """Whether a typed value is the one of the dynamic call, in the client's classes."""
    if isinstance(raw, File):
        return isinstance(typed[0] if isinstance(typed, list) else typed, (File, dict))
    if isinstance(raw, bool) or raw is None:
        return typed is raw or (raw is None and isinstance(typed, float) and math.isnan(typed))
    if isinstance(raw, (int, float)):
        return type(typed) is type(raw) and bool(typed == raw)
    if isinstance(raw, list):
        entries = cast("list[Any]", raw)
        return len(typed) == len(entries) and all(map(agree, typed, entries))
    return True
