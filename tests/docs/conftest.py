"""What the pages' programs call, running."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from tests.conftest import ServerPool
from tests.docs.pages import APP
from tests.hub import fake_hub as hubs
from tests.inference import stand_in as services
from tests.servers import GRADIO_5, GRADIO_6, AppServer


@pytest.fixture(
    scope="session", params=[GRADIO_6, GRADIO_5], ids=lambda version: f"gradio-{version}"
)
def workshop(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """The app of the examples, on each Gradio."""
    return app_server(str(APP), request.param)


@pytest.fixture(scope="session")
def streams_app(app_server: ServerPool) -> AppServer:
    """An app that takes and gives streams."""
    return app_server("streams_app.py", GRADIO_6)


@pytest.fixture
def hub(app_server: ServerPool) -> Iterator[hubs.FakeHub]:
    """A stand-in for the Hub, with a Space that sleeps, wakes, and is paused in the end."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(hubs.serve_fake_hub()) as stand_in,
    ):
        stand_in.app = app_server(str(APP), GRADIO_5).url
        stand_in.goes("SLEEPING", "BUILDING", "RUNNING", "RUNNING", "PAUSED")
        yield stand_in


@pytest.fixture(scope="session")
def joins_app(app_server: ServerPool) -> AppServer:
    """The app whose functions read events of the page."""
    return app_server("joins_app.py", GRADIO_6)


@pytest.fixture(scope="session")
def page_app(app_server: ServerPool) -> AppServer:
    """The app that changes components, and has server functions."""
    return app_server("page_app.py", GRADIO_6)


@pytest.fixture(scope="session")
def flux_app(app_server: ServerPool) -> AppServer:
    """The replica of the FLUX.1 [dev] Space."""
    return app_server("spaces/flux_1_dev.py", GRADIO_5)


@pytest.fixture
def inference(monkeypatch: pytest.MonkeyPatch) -> Iterator[services.StandIn]:
    """A stand-in for HF Inference and the Hub; the third chat is not paid for."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(services.standing_in()) as service,
    ):
        monkeypatch.setenv("HF_ENDPOINT", service.url)
        no_credits = {"error": "You have exceeded your monthly included credits."}
        service.on(
            services.CHAT,
            services.saying("One, ", "two, ", "three."),
            services.saying("Four."),
            services.answering(402, no_credits),
        )
        image = {"b64_json": b64encode(services.PNG).decode()}
        service.on("/v1/images/generations", services.answering(200, {"data": [image]}))
        yield service


@pytest.fixture
def tool_model() -> Iterator[services.StandIn]:
    """A stand-in for a service whose model requests two calls of a tool, and then answers."""
    calls = [
        {
            "index": index,
            "id": f"call_{city}",
            "type": "function",
            "function": {"name": "get_temperature", "arguments": f'{{"city": "{city}"}}'},
        }
        for index, city in enumerate(("Oslo", "Paris"))
    ]
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(services.standing_in()) as service,
    ):
        service.on(
            services.CHAT,
            services.streaming(
                services.chunk(reasoning="I need both temperatures."),
                services.chunk(tool_calls=calls),
                services.chunk(reason="tool_calls"),
                done=True,
            ),
            services.saying("It is warmer in Paris: ", "19 °C."),
        )
        yield service
