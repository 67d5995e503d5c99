"""Run by `scripts/check wheel` beside nothing but the installed wheel and its dependencies."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
from pathlib import Path

import spacecall

installed = Path(str(spacecall.__file__)).resolve()
assert installed.is_relative_to(Path(sys.prefix).resolve()), f"imported from {installed}"
assert (installed.parent / "py.typed").is_file(), "py.typed is missing"
version = importlib.metadata.version("spacecall")

for name in spacecall.__all__:
    assert getattr(spacecall, name) is not None, name

EXTRAS = (
    *("spacecall.codegen", "spacecall.cli", "spacecall.cassettes", "spacecall.__main__"),
    "spacecall._io.ws.",
)
count = 0
for module in pkgutil.walk_packages(spacecall.__path__, "spacecall.", onerror=lambda _: None):
    if not module.name.startswith(EXTRAS):
        importlib.import_module(module.name)
        count += 1
for extra in ("typer", "rich", "datamodel_code_generator", "huggingface_hub", "wsproto"):
    assert importlib.util.find_spec(extra) is None, f"{extra} is not a run-time dependency"
print(f"the wheel of spacecall {version} works alone: {count} modules imported")
