"""What real apps answered at /config and /info."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_functions import Dependency
from spacecall._core.app_info import parse_endpoints
from spacecall.endpoints import Endpoint, Parameter

TESTS = Path(__file__).resolve().parent.parent
VERSIONS = ("3.50.2", "4.0.2", "4.19.2", "4.44.1", "5.50.0", "6.31.0")
CORPUS = sorted(path.stem for path in (TESTS / "corpus").glob("*.json"))


def captured(version: str, name: str) -> Any:
    """`config` or `info` of the protocol test app on one version of Gradio."""
    return json.loads((TESTS / "captures" / version / f"{name}.json").read_text(encoding="utf-8"))


def protocol_app(version: str) -> tuple[AppConfig, Mapping[str, Endpoint]]:
    """The protocol test app on one version of Gradio."""
    config = parse_config(captured(version, "config"))
    return config, parse_endpoints(config, captured(version, "info"))


def corpus_app(name: str) -> tuple[AppConfig, Mapping[str, Endpoint]]:
    """A real app of the corpus."""
    app = json.loads((TESTS / "corpus" / f"{name}.json").read_text(encoding="utf-8"))
    config = parse_config(app["config"])
    return config, parse_endpoints(config, app["info"])


def dependency(config: AppConfig, name: str) -> Dependency:
    """The function called `name`, which must be there."""
    match = config.find(name)
    assert match is not None, name
    return match


def parameter(endpoints: Any, endpoint: str, name: str) -> Parameter:
    match: Endpoint = endpoints[endpoint]
    (parameter,) = (candidate for candidate in match.parameters if candidate.name == name)
    return parameter


def endpoint_with(kind: str, type_: object, *, entry: Any = None, **props: Any) -> Endpoint:
    """The endpoint of an app whose only function takes and gives one component."""
    components = [{"id": 5, "type": kind, "props": {"name": kind, **props}, "skip_api": False}]
    config = parse_config(
        {
            "components": components,
            "dependencies": [{"api_name": "f", "inputs": [5], "outputs": [5]}],
        }
    )
    slot: dict[str, Any] = {
        "component": kind.capitalize(),
        "type": type_,
        "parameter_name": "x",
        **(entry or {}),
    }
    info = {"named_endpoints": {"/f": {"parameters": [slot], "returns": [slot]}}}
    return parse_endpoints(config, info)["/f"]


def input_with(kind: str, type_: object, *, entry: Any = None, **props: Any) -> Parameter:
    return endpoint_with(kind, type_, entry=entry, **props).parameters[0]
