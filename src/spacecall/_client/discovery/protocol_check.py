"""Whether an app speaks a protocol that is known."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Literal, TypeAlias

from spacecall._core.app_config import AppConfig
from spacecall._core.protocol_versions import SUPPORTED, Streams
from spacecall._io.app_http_client import Link
from spacecall._warnings import NewerProtocolWarning
from spacecall.errors import UnsupportedProtocolError

OnNewer: TypeAlias = Literal["warn", "raise"]
"""What becomes of an app that announces a protocol which is not known."""


def check_protocol(app: AppConfig, on_newer: OnNewer, link: Link) -> None:
    """See that the app's protocol can be spoken.

    Args:
        link: to the app.

    Raises:
        UnsupportedProtocolError: it is not known and `on_newer` says so, or needs an extra.

    Warns:
        NewerProtocolWarning: it is not, and is tried as the newest known one.
    """
    name = app.protocol
    if name in SUPPORTED:
        sockets = SUPPORTED[name].streams is Streams.WEBSOCKET
        if sockets and find_spec("wsproto") is None:
            text = "the app is of Gradio 3, which speaks websockets: install spacecall[ws]"
            raise UnsupportedProtocolError(text, space=link.base)
        return
    known = ", ".join(SUPPORTED)
    text = f"the app announces the protocol {name!r} (Gradio {app.version}); known are {known}"
    if on_newer == "raise":
        raise UnsupportedProtocolError(f"{text}: is there a newer spacecall?", space=link.base)
    text = link.redactor().cut(f"{text}: tried as the newest of these [{link.base}]")
    warnings.warn(text, NewerProtocolWarning, 2)
