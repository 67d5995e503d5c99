"""Options that are unknown or ill-typed are refused where they are given; nothing is sent."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import httpx
import httpx2
import pytest

from spacecall import Auth, InvalidInputError, Limits, Retry, Space, SyncSpace, Timeouts, ZeroGPU
from spacecall._client.exchanges.service_call import open_service_runner
from spacecall._client.space_options import SpaceOptions
from spacecall._core.redaction import Redactor
from spacecall._io.request_settings import Settings
from spacecall.chat import Message
from spacecall.chat import connect as connect_chat
from spacecall.chat import connect_sync as connect_chat_sync
from spacecall.hub import Hub, SyncHub
from spacecall.images import connect as connect_images
from spacecall.images import connect_sync as connect_images_sync
from spacecall.inference import HuggingFaceInference, SyncHuggingFaceInference
from spacecall.typed import SyncTypedClient, TypedClient
from tests.hostile.server import HostileServer

NOWHERE = "http://127.0.0.1:9"
CASES: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "timeouts a number": (Space, {"timeouts": 30}, r"timeouts must be .* write Timeouts\(total=…"),
    "retry a number": (Space, {"retry": 3}, r"retry must be .* write Retry\(attempts=…"),
    "auth a tuple": (Space, {"auth": ("u", "p")}, r"auth must be .*, got tuple: write Auth"),
    "limits of httpx": (Space, {"limits": httpx.Limits()}, r"got httpx\.Limits: write Limits"),
    "a sync client": (
        Space,
        {"http_client": httpx.Client()},
        r"http_client must be httpx\.AsyncClient, httpx2\.AsyncClient or None, got httpx\.Client$",
    ),
    "a sync client of httpx2": (SyncSpace, {"http_client": httpx2.Client()}, "got httpx2.Client$"),
    "a client of a typed client": (TypedClient.connect, {"http_client": 3}, "got int$"),
    "a client of the Hub": (Hub, {"http_client": 3}, "http_client must be .*, got int$"),
    "a client of inference": (HuggingFaceInference.connect, {"http_client": 3}, "got int$"),
    "headers a list": (Space, {"headers": ["x"]}, r"headers must be Mapping\[str, str\] or None"),
    "a header a number": (Space, {"headers": {"x": 1}}, r"headers\['x'\] must be str, got int"),
    "a header's name": (Space, {"headers": {1: "x"}}, "a key of headers must be str, got int"),
    "proxy a number": (Space, {"proxy": 5}, "proxy must be str or None, got int"),
    "describe a number": (Space, {"describe": 1}, "describe must be bool, got int"),
    "timeout": (Space, {"timeout": 3}, "Space takes no option 'timeout': did you mean timeouts"),
    "timeout of a SyncSpace": (SyncSpace, {"timeout": 3}, "did you mean timeouts"),
    "timeout of a client": (TypedClient.connect, {"timeout": 3}, "did you mean timeouts"),
    "modle of a client": (TypedClient.connect, {"modle": "x"}, "'modle': it takes source"),
    "on_drift a number": (SyncTypedClient.connect, {"on_drift": 3}, "'warn' or 'raise', got int"),
    "timeout of the Hub": (Hub, {"timeout": 3}, "did you mean timeouts"),
    "timeout of a SyncHub": (SyncHub, {"timeout": 3}, "did you mean timeouts"),
    "timeout of inference": (HuggingFaceInference.connect, {"timeout": 3}, "did you mean timeouts"),
    "modle of inference": (SyncHuggingFaceInference.connect, {"modle": 3}, "did you mean model"),
}  # fmt: skip


@pytest.mark.parametrize(("function", "options", "words"), CASES.values(), ids=CASES)
def test_an_option_that_does_not_fit_is_refused_with_what_to_write(
    function: Callable[..., Any], options: dict[str, Any], words: str
) -> None:
    address = () if "Hub" in str(function) else (NOWHERE,)
    with pytest.raises(TypeError, match=words):
        function(*address, **options)


@pytest.mark.parametrize("source", [None, Path("app"), 7860])
@pytest.mark.parametrize("kind", [Space, SyncSpace])
def test_a_source_is_a_text(kind: Callable[..., Any], source: Any) -> None:
    with pytest.raises(TypeError, match="source must be str, got "):
        kind(source)


@pytest.mark.parametrize("address", ["127.0.0.1:7860", "localhost:7860", "app.example.com"])
async def test_an_address_without_a_scheme_is_told_what_to_write(address: str) -> None:
    with pytest.raises(InvalidInputError, match=f"write http://{address} or https://"):
        async with Space(address):
            pass


@pytest.mark.parametrize(
    ("connect", "name", "words"),
    [
        (connect_chat, "phi-4", "no option 'modle': it takes source"),
        (connect_chat, "o/m", "did you mean model"),
        (connect_chat_sync, "o/m", "did you mean model"),
        (connect_images, "flux-dev", "no option 'modle'"),
        (connect_images_sync, "flux-dev", "no option 'modle'"),
    ],
)
def test_a_model_by_its_name_refuses_unknown_options_at_once(
    connect: Callable[..., Any], name: str, words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        connect(name, modle="x")


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (Timeouts, {"run": "5"}, r"Timeouts\.run must be float or None, got str"),
        (Timeouts, {"run": True}, r"Timeouts\.run must be float or None, got bool"),
        (Timeouts, {"cancel": None}, r"Timeouts\.cancel must be float, got None"),
        (Timeouts, {"runn": 5}, "Timeouts takes no option 'runn': did you mean run"),
        (Retry, {"attempts": "3"}, r"Retry\.attempts must be int, got str"),
        (Retry, {"attempts": True}, r"Retry\.attempts must be int, got bool"),
        (Limits, {"max_event_bytes": 1.5}, r"Limits\.max_event_bytes must be int, got float"),
        (Auth, {"hosts": "apps.example.com"}, r"Auth\.hosts must be a collection, got str"),
        (Auth, {"hosts": [3]}, r"Auth\.hosts\[0\] must be str, got int"),
        (Auth, {"hosts": 3}, r"Auth\.hosts must be Iterable\[str\], got int"),
        (Auth, {"username": 1, "password": "p"}, r"Auth\.username must be str or None, got int"),
        (ZeroGPU, {"token": 3}, r"ZeroGPU\.token must be str or None, got int"),
        (Message, {"role": "user", "content": None}, r"Message\.content must be str or Sequence"),
    ],
)
def test_values_check_the_types_of_their_fields(
    kind: Callable[..., Any], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        kind(**options)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Timeouts, {"run": float("nan")}),
        (Timeouts, {"total": 10**400}),
        (Retry, {"wait_initial": float("nan")}),
        (Retry, {"wait_max": float("nan")}),
        (Auth, {"hosts": ["https://apps.example.com"]}),
        (Auth, {"hosts": ["apps.example.com:8443"]}),
        (Auth, {"hosts": [""]}),
    ],
)
def test_values_that_make_no_sense_are_refused(
    kind: Callable[..., Any], options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__}\\."):
        kind(**options)


def test_what_is_meant_is_taken() -> None:
    Timeouts(run=5, idle=None, total=float("inf"))
    Auth(token="t", hosts=("127.0.0.1", "::1", "apps.example.com", "my_host"))
    Space(NOWHERE, headers={}, retry=None, on_newer="raise")


def test_no_error_shows_a_value_that_may_be_secret() -> None:
    for make in (
        lambda: Auth(token=b"hunter2"),  # type: ignore[arg-type]  # pyright: ignore
        lambda: Space(NOWHERE, auth=("me", "hunter2")),  # type: ignore[arg-type]  # pyright: ignore
        lambda: Space(NOWHERE, headers={"x": ["hunter2"]}),  # type: ignore[dict-item]  # pyright: ignore
        lambda: Space(NOWHERE, headers="x: hunter2"),  # type: ignore[arg-type]  # pyright: ignore
        lambda: Auth("hunter2"),  # type: ignore[call-arg]  # pyright: ignore
    ):
        with pytest.raises(TypeError) as caught:
            make()
        assert "hunter2" not in str(caught.value)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"timeout": Timeouts()}, "with_options takes no option 'timeout': did you mean timeouts"),
    ({"header": {"x": "y"}}, "did you mean headers"),
    ({"limits": Limits()}, "it takes timeouts, retry, headers, zero_gpu, call_api"),
    ({"timeouts": 3}, "timeouts must be Timeouts or None, got int"),
    ({"call_api": "yes"}, "call_api must be bool or None, got str"),
]


@pytest.mark.parametrize(("options", "words"), WRONG)
async def test_with_options_refuses_what_it_does_not_know(
    options: dict[str, Any], words: str
) -> None:
    async def nothing(*_: object) -> None: ...

    with HostileServer() as server:
        async with (
            Space(server.url) as space,
            open_service_runner("", Settings(), lambda _: Redactor()) as direct,
            space.session() as session,
        ):
            views: tuple[Any, ...] = (
                space,
                session,
                space.call("/predict", x="x"),
                direct.call("mapped", nothing).map(str),
                direct.call("direct", nothing),
            )
            for view in views:
                with pytest.raises(TypeError, match=words):
                    view.with_options(**options)
    assert set(server.paths()) <= {"/config", "/gradio_api/info", "/gradio_api/app_id"}


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_with_options_of_the_sync_twins_does_too(options: dict[str, Any], words: str) -> None:
    with HostileServer() as server, SyncSpace(server.url) as space:
        for view in (space, space.call("/predict", x="x")):
            with pytest.raises(TypeError, match=words):
                view.with_options(**options)


async def test_a_call_by_number_or_position_is_told_what_to_write() -> None:
    with HostileServer() as server:
        async with Space(server.url) as space:
            with pytest.raises(TypeError, match="called by its name, as '/predict', got int"):
                space.call(3, x="x")  # type: ignore[arg-type]  # pyright: ignore
            with pytest.raises(TypeError, match=r"write call\('/predict', x=…\)"):
                space.call("/predict", "x")  # type: ignore[arg-type]  # pyright: ignore
            with pytest.raises(TypeError, match=r"write call\('/nowhere', name=…\)"):
                space.call("/nowhere", "x")  # type: ignore[arg-type]  # pyright: ignore


def test_the_options_of_a_space_are_named_once() -> None:
    for kind in (Space, SyncSpace):
        names = list(inspect.signature(kind).parameters)
        assert names == ["source", *SpaceOptions.__annotations__]
        hints = get_type_hints(kind.__init__)
        assert {name: hints[name] for name in names[1:]} == get_type_hints(SpaceOptions)


@pytest.mark.parametrize("kind", [Timeouts, Retry, Limits])
def test_values_take_their_fields_by_name(kind: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="takes its options by name: write"):
        kind(30)
