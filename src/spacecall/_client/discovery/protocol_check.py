"""Check that the queue protocol of an app is supported."""

from __future__ import annotations

from importlib.util import find_spec

from spacecall._core.app_config import AppConfig
from spacecall._core.protocol_versions import SUPPORTED, StreamKind
from spacecall._io.app_http_client import AppHttpClient
from spacecall._warnings import CodeLocation, NewerProtocolWarning, warn_at
from spacecall.errors import UnsupportedProtocolError
from spacecall.options import OnNewer


def check_protocol(
    app: AppConfig, on_newer: OnNewer, app_client: AppHttpClient, location: CodeLocation | None
) -> None:
    """Check that the app's protocol is supported.

    Args:
        app: the app's /config.
        on_newer: what to do if it is not.
        app_client: to the app.
        location: the line that a warning shows.

    Raises:
        UnsupportedProtocolError: the protocol is unknown and `on_newer` is "raise", or it requires
            an extra of this package which is not installed.

    Warns:
        NewerProtocolWarning: the protocol is unknown; the newest supported one is used.
    """
    name = app.protocol
    if name in SUPPORTED:
        needs_websocket = SUPPORTED[name].streams is StreamKind.WEBSOCKET
        if needs_websocket and find_spec("wsproto") is None:
            text = "the app uses websockets (Gradio 3): install spacecall[ws]"
            raise UnsupportedProtocolError(text, space=app_client.base)
        return
    text = (
        f"the app announces the protocol {name!r} (Gradio {app.version}), but spacecall supports "
    )
    text += ", ".join(SUPPORTED)
    if on_newer == "raise":
        raise UnsupportedProtocolError(f"{text}: install a newer spacecall", space=app_client.base)
    text = app_client.redactor().cut(f"{text}: trying the newest of these [{app_client.base}]")
    warn_at(location, text, NewerProtocolWarning)
