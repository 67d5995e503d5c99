"""The app of the pages' programs, running."""

from __future__ import annotations

import pytest

from tests.conftest import ServerPool
from tests.docs.pages import APP
from tests.servers import GRADIO_5, GRADIO_6, AppServer


@pytest.fixture(
    scope="session", params=[GRADIO_6, GRADIO_5], ids=lambda version: f"gradio-{version}"
)
def workshop(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """The app of the examples, on each Gradio."""
    return app_server(str(APP), request.param)
