"""Parse an app's /config.

Reads the formats of Gradio 3.50 to 6.x. A field that a version does not send gets the value that
this version implies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from spacecall._core.app_functions import AppFunctions, Dependency, FunctionsDigest
from spacecall._core.json_values import as_str, is_array, is_object
from spacecall.errors import ProtocolError

__all__ = ["AppConfig", "parse_config"]

# A bounded number of digits, and no digit after the last.
_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}(?![0-9])")
# A path of segments without escapes, none of which is `.` or `..`; Gradio's is `gradio_api`.
_PREFIX = re.compile(r"(?:[\w~-][\w.~-]{0,99}(?:/[\w~-][\w.~-]{0,99}){0,9})?", re.ASCII)
# Gradio's title of a page whose author set none.
_UNTITLED: Final = "Gradio"


@dataclass(frozen=True, slots=True)
class AppConfig:
    """The configuration of an app.

    Attributes:
        version: Gradio's version, `6.31.0`; empty when unknown.
        version_info: the version as numbers, `(6, 31, 0)`.
        protocol: the name of the queue protocol, such as `sse_v3`; `ws` for Gradio 3.x, which
            does not send it.
        api_prefix: the prefix of the path of every API request, `/gradio_api` or an empty text.
        app_id: the id of this run of the app; it changes with every start.
        title: the page's title; empty if the author set none.
        space_id: `owner/name` of the Space that it runs on.
        max_file_size: the largest upload in bytes; None for no limit.
        dependencies: its functions, in the app's order.
        show_error: whether the app sends the text of every error, not only of gr.Error.
        connect_heartbeat: whether the app does something when a session ends.
        functions_digest: requests for one run of the app stay valid for another run whose digest is
            equal.
    """

    version: str
    version_info: tuple[int, ...]
    protocol: str
    api_prefix: str
    app_id: str | None
    title: str
    space_id: str | None
    max_file_size: int | None
    dependencies: AppFunctions
    show_error: bool
    connect_heartbeat: bool = False
    functions_digest: FunctionsDigest = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        digest = FunctionsDigest(self.dependencies, self.version, self.protocol, self.api_prefix)
        object.__setattr__(self, "functions_digest", digest)

    def find(self, name: str) -> Dependency | None:
        """Return the function called exactly `name`, such as `/echo`; None if there is no such one.

        If several functions have the name, return the function that /info describes: the most
        public, and of these the last.
        """
        return self.dependencies.find(name)


def parse_config(config: object) -> AppConfig:
    """Parse the JSON value that /config returned.

    Raises:
        ProtocolError: it is not the configuration of a Gradio app.
    """
    if not is_object(config):
        got = "null" if config is None else type(config).__name__
        raise ProtocolError(f"not a Gradio config: expected a JSON object, got {got}")
    for key in ("components", "dependencies"):
        if not is_array(config.get(key)):
            keys = ", ".join(repr(str(name)[:40]) for name in list(config)[:6]) or "none"
            raise ProtocolError(f"not a Gradio config: it has no list {key!r} (keys: {keys})")
    version = as_str(config.get("version"))
    size = config.get("max_file_size")
    prefix = as_str(config.get("api_prefix")).strip("/")
    if not _PREFIX.fullmatch(prefix):
        raise ProtocolError(f"not a Gradio config: the api_prefix {prefix[:40]!r} is not a path")
    app_id = config.get("app_id")
    title = as_str(config.get("title"))
    return AppConfig(
        version=version,
        version_info=_version_info(version),
        protocol=as_str(config.get("protocol")) or "ws",
        api_prefix=f"/{prefix}" if prefix else "",
        app_id=None if app_id is None else str(app_id),
        title="" if title == _UNTITLED else title,
        space_id=as_str(config.get("space_id")) or None,
        max_file_size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        dependencies=AppFunctions(config),
        show_error=config.get("show_error") is True,
        connect_heartbeat=config.get("connect_heartbeat") is True,
    )


def _version_info(version: str) -> tuple[int, ...]:
    match = _VERSION.match(version)
    return tuple(map(int, match[0].split("."))) if match else ()
