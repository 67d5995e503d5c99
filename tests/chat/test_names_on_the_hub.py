"""What `owner/name` means: a model, or a Space. On stand-ins for the Hub and the router."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from spacecall import InvalidInputError, NotFoundError, images
from spacecall.chat import connect, connect_sync
from spacecall.chat_space import ChatSpace
from spacecall.inference import HuggingFaceInference
from spacecall.options import Retry
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from tests.cli.processes import clear_credentials
from tests.conftest import ServerPool
from tests.faults.exchanges import Exchange, Handler
from tests.hub.fake_hub import NO_LOGIN, NOT_FOUND, Doors
from tests.inference.stand_in import (
    CHAT,
    HUB,
    ROUTER,
    TOKEN,
    StandIn,
    answering,
    metadata,
    standing_in,
    whole,
)
from tests.servers import GRADIO_6, AppServer

MODEL = "/api/models/owner/name"
SPACE = "/api/spaces/owner/name"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clear_credentials(monkeypatch, tmp_path)


@pytest.fixture
def app(app_server: ServerPool) -> str:
    return f"{app_server('chat_app.py', GRADIO_6).url}/interface"


@pytest.fixture
async def service() -> AsyncGenerator[StandIn, None]:
    async with standing_in() as stand_in:
        stand_in.on(CHAT, answering(200, whole("from the router")))
        yield stand_in


def has_space(service: StandIn, app: str) -> None:
    """Let the Hub have the Space owner/name, whose app is `app`."""
    service.on(SPACE, answering(200, {"id": "owner/name", "sdk": "gradio"}))
    service.on(f"{SPACE}/host", answering(200, {"subdomain": "owner-name", "host": app}))


@pytest.mark.parametrize(
    "name", ["llama3.2", "gpt-4o", "qwen3:8b", "phi-4", "llama-3.3-70b", "flux-dev", "a/b/c"]
)
async def test_a_base_url_gets_any_name_as_it_is(service: StandIn, name: str) -> None:
    image = base64.b64encode(b"GIF89a").decode()
    service.on("/v1/images/generations", answering(200, {"data": [{"b64_json": image}]}))
    async with connect(name, base_url=service.url) as model:
        assert (await model.chat("Hello", stream=False)).text == "from the router"
    async with images.connect(name, base_url=service.url) as image_model:
        assert len(await image_model.generate("a cat")) == 1
    (chat_body,) = await service.sent(CHAT)
    (image_body,) = await service.sent("/v1/images/generations")
    assert (chat_body["model"], image_body["model"]) == (name, name)
    assert len(service.seen) == 2


def test_without_async_a_base_url_gets_any_name_too() -> None:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as service,
    ):
        service.on(CHAT, answering(200, whole("Hi")))
        with connect_sync("llama3.2", base_url=service.url) as model:
            assert model.chat("Hello", stream=False).result().text == "Hi"


def test_a_name_without_a_base_url_and_no_name_are_refused() -> None:
    for name, base_url in (("llama3.2", None), ("", "http://127.0.0.1:9"), (" ", "http://x")):
        with pytest.raises(NotFoundError, match=r"unknown chat model|is empty"):
            connect(name, base_url=base_url)
    with pytest.raises(TypeError, match="must be str"):
        connect(5, base_url="http://127.0.0.1:9")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("spaces/owner/name", "spaces/owner/name"),
        ("http://ada:secret@app.example", "http://app.example"),
    ],
)
def test_the_name_or_address_of_an_app_takes_no_base_url(name: str, shown: str) -> None:
    for open_model in (connect, connect_sync, images.connect, images.connect_sync):
        with pytest.raises(InvalidInputError) as caught:
            open_model(name, base_url="http://127.0.0.1:9")
        assert str(caught.value) == (
            f"{shown!r} is the name or address of an app, which takes no base_url: write the name "
            "of a model of the service"
        )


async def test_the_page_of_a_model_may_have_a_base_url() -> None:
    page = "https://huggingface.co/owner/model"
    async with connect(page, base_url="http://127.0.0.1:9") as model:
        assert isinstance(model, HuggingFaceInference)


def paths(service: StandIn) -> list[str]:
    return [exchange.path for exchange in service.seen]


@asynccontextmanager
async def a_client(service: StandIn, app: str = "") -> AsyncGenerator[httpx.AsyncClient, None]:
    doors = Doors([(ROUTER, service.url), (HUB, service.url)])
    if app:
        doors.allow(app)
    async with httpx.AsyncClient(transport=doors) as client:
        yield client


def refusing_strangers(exchange: Exchange) -> Handler:
    """Return the Hub's answer for what it does not show: 401 without a token."""
    is_known = "authorization" in exchange.headers
    return answering(404, NOT_FOUND) if is_known else answering(401, NO_LOGIN)


async def missing(exchange: Exchange) -> None:
    await refusing_strangers(exchange)(exchange)


@pytest.mark.parametrize("token", [None, TOKEN])
async def test_an_id_that_is_only_that_of_a_space_opens_the_space(
    service: StandIn, app: str, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    service.on(MODEL, missing)
    has_space(service, app)
    async with a_client(service, app) as client, connect("owner/name", http_client=client) as model:
        assert isinstance(model, ChatSpace)
        assert (await model.chat("hi")).text == "hi after 0 turns:"
    assert paths(service)[:2] == [MODEL, SPACE]
    assert CHAT not in paths(service)


async def test_a_registered_space_is_opened_by_its_own_client(
    service: StandIn, phi4_app: AppServer
) -> None:
    phi = "/api/spaces/microsoft/phi-4-multimodal"
    service.on(phi, answering(200, {"id": "microsoft/phi-4-multimodal"}))
    service.on(f"{phi}/host", answering(200, {"subdomain": "phi", "host": phi4_app.url}))
    async with (
        a_client(service, phi4_app.url) as client,
        connect("microsoft/phi-4-multimodal", http_client=client) as model,
    ):
        assert isinstance(model, Phi4Multimodal)


async def test_a_model_comes_before_a_space_of_the_same_id(service: StandIn, app: str) -> None:
    """And the Hub is asked as often as by a model that is opened without a name."""
    service.models["owner/name"] = metadata("owner/name")
    has_space(service, app)
    async with a_client(service) as client, connect("owner/name", http_client=client) as model:
        assert isinstance(model, HuggingFaceInference)
        assert (await model.chat("hi")).text == "from the router"
    assert paths(service) == [MODEL, CHAT]


async def test_a_refused_model_says_how_to_open_the_space(service: StandIn) -> None:
    service.models["owner/name"] = metadata("owner/name")
    unknown = {"error": {"message": "not supported by any provider", "code": "model_not_supported"}}
    service.on(CHAT, answering(400, unknown))
    async with a_client(service) as client, connect("owner/name", http_client=client) as model:
        with pytest.raises(NotFoundError, match=r"if it is a Space, write spaces/owner/name"):
            await model.chat("hi")
    service.models["owner/name"] = metadata("owner/name", "text-to-image")
    async with a_client(service) as client, connect("owner/name", http_client=client) as model:
        with pytest.raises(NotFoundError, match=r"no provider is live .*write spaces/owner/name"):
            await model.chat("hi")


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "it is private, which needs a token"), (TOKEN, "may not see it")]
)
async def test_an_id_that_the_hub_does_not_have_is_an_error(
    service: StandIn, token: str | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    service.on(MODEL, missing)
    service.on(SPACE, missing)
    async with a_client(service) as client:
        with pytest.raises(NotFoundError, match="neither a model nor a Space owner/name") as caught:
            await connect("owner/name", http_client=client).open()
    assert reason in str(caught.value)
    assert "owner/name:auto" in str(caught.value)
    assert paths(service) == [MODEL, SPACE]


@pytest.mark.parametrize(
    ("model", "space"),
    [
        (answering(500, "down"), answering(500, "down")),
        (answering(200, "<html>maintenance"), answering(500, "down")),
        (answering(404, NOT_FOUND), answering(503, "down")),
        (answering(404, NOT_FOUND), answering(403, {"error": "forbidden"})),
        (answering(403, {"error": "gated"}), answering(500, "down")),
    ],
)
async def test_a_hub_that_does_not_say_keeps_nobody_from_chatting(
    service: StandIn, model: Handler, space: Handler
) -> None:
    service.on(MODEL, model)
    service.on(SPACE, space)
    quick = Retry(attempts=1)
    async with (
        a_client(service) as client,
        connect("owner/name", http_client=client, retry=quick) as opened,
    ):
        assert (await opened.chat("hi")).text == "from the router"


async def test_a_refused_token_does_not_make_a_model_a_space(
    service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Hub answers 401 for everything then, and says nothing about the name."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    service.on(MODEL, answering(401, {"error": "Invalid credentials"}))
    async with a_client(service) as client, connect("owner/name", http_client=client) as model:
        assert isinstance(model, HuggingFaceInference)
    assert SPACE not in paths(service)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("llama-3.3-70b", {}),
        ("meta-llama/Llama-3.3-70B-Instruct", {}),
        ("owner/name:auto", {}),
        ("owner/name:together", {}),
        ("owner/name", {"api_key": TOKEN}),
        ("owner/name", {"bill_to": "org"}),
        ("owner/name", {"base_url": "http://127.0.0.1:9"}),
    ],
)
async def test_known_models_and_options_of_inference_ask_nobody(
    service: StandIn, name: str, options: Any
) -> None:
    async with a_client(service) as client, connect(name, http_client=client, **options) as model:
        assert isinstance(model, HuggingFaceInference)
    assert paths(service) == []


@pytest.mark.parametrize("options", [{"source": ""}, {"describe": True}, {"endpoint": "/stream"}])
async def test_an_option_of_apps_makes_an_id_a_space(
    service: StandIn, app: str, options: Any
) -> None:
    has_space(service, app)
    if "source" in options:
        options = {"source": app}
    async with (
        a_client(service, app) as client,
        connect("owner/name", http_client=client, **options) as model,
    ):
        assert isinstance(model, ChatSpace)
    assert MODEL not in paths(service)


async def test_a_space_that_cannot_be_opened_leaves_nothing_open(service: StandIn) -> None:
    service.on(SPACE, answering(200, {"id": "owner/name"}))
    service.on(f"{SPACE}/host", answering(404, NOT_FOUND))
    async with a_client(service) as client:
        with pytest.raises(NotFoundError, match="no Space owner/name"):
            await connect("owner/name", http_client=client).open()
        assert not client.is_closed


@pytest.fixture
def hub_thread(app: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A Hub in another thread that has the Space owner/name; `HF_ENDPOINT` is its address."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as hub,
    ):
        has_space(hub, app)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_the_sync_twin_opens_the_space_too(hub_thread: StandIn) -> None:
    with connect_sync("owner/name") as model:
        assert model.chat("hi").result().text == "hi after 0 turns:"
    assert paths(hub_thread)[:2] == [MODEL, SPACE]
