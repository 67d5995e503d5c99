"""`import spacecall` is cheap: it loads what a call needs, and does no work."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TypedDict

import pytest

_REPORT = """
import sys, threading
import spacecall
import json
print(json.dumps({"modules": sorted(sys.modules), "threads": threading.active_count()}))
"""

# What a call by the app's address does not need, although `Space` can do it.
_NOT_LOADED_BY_SPACE = (
    "spacecall.event_data",
    "spacecall.hub",
    "spacecall.sync",
    "spacecall.typed",
    "spacecall._client.calls.row_engine",
    "spacecall._client.calls.row_sources",
    "spacecall._client.discovery.hub_requests",
    "spacecall._client.exchanges",
    "spacecall._core.hls_playlist",
    "spacecall._core.hub_api",
    "spacecall._io.multipart",
    "spacecall._io.streamed_media",
    "spacecall._io.transfers",
    "spacecall._wire.hub",
    "spacecall._wire.info",
    "spacecall.inference",
    "spacecall.codegen",
    "spacecall.cli",
    "spacecall._wire",
    "httpcore",
    "httpx",
    "httpx_sse",
    "pydantic",
    "pydantic_core",
    "rich",
    "trio",
)

# The tools, the per-Space modules, and the libraries that only they need.
_NOT_LOADED = (
    "spacecall.spaces",
    "spacecall.chat",
    "spacecall.inference",
    "spacecall.batch",
    "spacecall.codegen",
    "spacecall.cassettes",
    "spacecall.cli",
    "typer",
    "rich",
    "click",
    "datamodel_code_generator",
    "huggingface_hub",
    "fsspec",
    "gradio",
    "gradio_client",
    "trio",
    "httpx2",
    "httpcore2",
    "pyarrow",
    "sqlite3",
)


class Report(TypedDict):
    """What the interpreter says of itself."""

    modules: list[str]
    threads: int


@pytest.fixture(scope="module")
def report() -> Report:
    """What a fresh interpreter holds after `import spacecall`."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _REPORT],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: Report = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("name", _NOT_LOADED)
def test_importing_the_package_does_not_load(name: str, report: Report) -> None:
    modules = report["modules"]
    assert "spacecall" in modules
    loaded = [module for module in modules if module == name or module.startswith(f"{name}.")]
    # The folder of the Spaces may be known; none of them may be loaded.
    assert not [module for module in loaded if module != "spacecall.spaces"]


@pytest.fixture(scope="module")
def modules_of_space() -> list[str]:
    """What a fresh interpreter has loaded with `Space`."""
    program = "import json, sys; from spacecall import Space; print(json.dumps([*sys.modules]))"
    text = subprocess.check_output([sys.executable, "-W", "error", "-c", program], timeout=60)
    modules: list[str] = json.loads(text)
    return modules


@pytest.mark.parametrize("name", _NOT_LOADED_BY_SPACE)
def test_importing_space_does_not_load(name: str, modules_of_space: list[str]) -> None:
    assert "spacecall._client.space" in modules_of_space
    assert not [module for module in modules_of_space if f"{module}.".startswith(f"{name}.")]


def test_importing_the_package_starts_no_thread(report: Report) -> None:
    assert report["threads"] == 1


def test_every_public_name_exists() -> None:
    import spacecall

    assert sorted(spacecall.__all__) == sorted(set(spacecall.__all__))
    for name in spacecall.__all__:
        assert getattr(spacecall, name) is not None


def test_importing_the_package_alone_loads_no_library(report: Report) -> None:
    libraries = {"httpx", "pydantic", "anyio", "asyncio"}
    assert not libraries.intersection(report["modules"])


def test_public_modules_are_attributes_of_the_package() -> None:
    program = "import spacecall; spacecall.errors.SpaceError, spacecall.options.Timeouts"
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)
