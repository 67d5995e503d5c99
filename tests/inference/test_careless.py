"""What careless callers write is refused with what to write instead, or means what they mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacecall import File, InvalidInputError, NotFoundError, chat
from spacecall.chat import Message
from spacecall.facades import read_turn
from spacecall.inference import HuggingFaceInference
from spacecall.models import find_model
from tests.inference.stand_in import (
    CHAT,
    PNG,
    StandIn,
    answering,
    metadata,
    opened,
    streaming,
    token,
    whole,
)

MODEL = "owner/model"
WRONG: Any = "audio"
NUMBER: Any = 5
COMPLETIONS = "/v1/completions"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"media": "cat.png"}, r"media must be a list of files, got str: write \[…\]"),
        ({"media": File(PNG)}, "media must be a list of files, got File"),
        ({"media": None}, "media must be a list of files, got None"),
        ({"media": [PNG, "missing.png"]}, r"media\[1\]: cannot read 'missing.png'"),
        ({"media": [5]}, r"media\[0\]: a file is a path, bytes"),
        ({"model": f"spaces/{MODEL}"}, "is a Space, not a model: open it with spacecall.chat"),
    ],
)
async def test_what_is_wrong_is_refused_before_anything_is_sent(
    service: StandIn, options: Any, words: str
) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match=words):
            await hf.chat("Hi", **options)
        if "media" in options:
            with pytest.raises((InvalidInputError, TypeError), match=r"media(\[\d\]: | must be)"):
                await hf.chat([Message("user", "Hi", options["media"])])
    assert service.seen == []


CALLS: list[tuple[Callable[[HuggingFaceInference], Any], str]] = [
    (lambda hf: hf.models(WRONG), "kind must be text, vision, image, got 'audio'"),
    (lambda hf: hf.info(NUMBER), "model must be str, got int"),
    (lambda hf: hf.providers("spaces/o/m"), "is a Space, not a model"),
    (lambda hf: hf.info("https://example.org/o/m"), "is not a model id: write owner/name"),
]


@pytest.mark.parametrize(("call", "words"), CALLS)
async def test_metadata_of_what_is_not_a_model_are_refused(
    service: StandIn, call: Callable[[HuggingFaceInference], Any], words: str
) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match=words):
            await call(hf)
    assert service.seen == []


@pytest.mark.parametrize("end", ["", "/", "?library=transformers", "#usage"])
async def test_the_address_of_a_model_s_page_is_its_id(service: StandIn, end: str) -> None:
    page = f"https://huggingface.co/{MODEL}{end}"
    service.models[MODEL] = metadata(MODEL)
    service.on(CHAT, answering(200, whole("fine")))
    async with opened(service) as (hf, _):
        assert (await hf.chat("Hi", model=page)).text == "fine"
        assert (await hf.info(page)).id == MODEL
    assert (await service.sent(CHAT))[0]["model"] == MODEL
    assert find_model(page, "chat").options == {"model": MODEL}
    assert find_model(f"https://hf.co/spaces/{MODEL}", "chat").space == MODEL
    assert find_model("https://huggingface.co/datasets/x", "chat").space is not None


async def test_a_misspelled_alias_gets_the_right_one(service: StandIn) -> None:
    unknown = {"error": {"message": "does not exist", "code": "model_not_found"}}
    service.on(CHAT, answering(400, unknown))
    async with opened(service) as (hf, _):
        with pytest.raises(NotFoundError, match=r"did you mean llama-3\.3-70b\?"):
            await hf.chat("Hi", model="lama-3.3-70b")
        with pytest.raises(NotFoundError, match="a model's id is owner/name"):
            await hf.chat("Hi", model="xxxxxxxxxx")


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://host", "owner/name", "", " "])
async def test_an_invalid_base_url_is_named(address: str) -> None:
    with pytest.raises(InvalidInputError, match=r"invalid base_url .*write http://host:port"):
        async with HuggingFaceInference.connect(address or "x"):
            pass


@pytest.mark.parametrize("end", ["", "/", "/chat/completions", "/completions"])
async def test_a_base_url_may_end_with_the_path_of_a_call(service: StandIn, end: str) -> None:
    service.on(CHAT, answering(200, whole("fine")))
    service.on(COMPLETIONS, answering(200, {"choices": [{"text": " on", "finish_reason": "stop"}]}))
    async with HuggingFaceInference.connect(f"{service.url}/v1{end}", model="my") as hf:
        assert (await hf.chat("Hi")).text == "fine"
        assert (await hf.text_generation("Go")).text == " on"


async def test_one_s_own_server_continues_messages_without_the_hub(
    service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As plain lines: only the Hub knows the formats of models, and it need not know this one."""
    monkeypatch.setenv("HF_ENDPOINT", service.url)
    service.on(COMPLETIONS, answering(200, {"choices": [{"text": " on", "finish_reason": "stop"}]}))
    history = [Message("user", "Hi"), Message("assistant", "Well")]
    async with HuggingFaceInference.connect(service.url, model="my") as hf:
        reply = await hf.text_generation(history, action="continue")
        assert (reply.text, reply.conversation.messages[-1].text) == (" on", "Well on")
        assert {item.path for item in service.seen} == {COMPLETIONS}
        with pytest.raises(NotFoundError, match="the model my is not supported"):
            await hf.text_generation(history, action="continue", chat_format=True)
    assert (await service.sent(COMPLETIONS))[0]["prompt"] == "User: Hi\nAssistant: Well"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_server_with_tgi_s_own_interface_alone_continues_a_text(
    service: StandIn, stream: bool
) -> None:
    """Such as an endpoint of Hugging Face with its default container."""
    service.on(COMPLETIONS, answering(404, b"Not Found"))
    pieces = [token(" on"), token("</s>", last=" on", special=True)]
    whole_answer = answering(200, [{"generated_text": " on"}])
    service.on("/", streaming(*pieces, space="") if stream else whole_answer)
    async with HuggingFaceInference.connect(f"{service.url}?key=1", model="my") as hf:
        reply = await hf.text_generation("Go", stream=stream, max_tokens=5)
        assert (reply.text, reply.provider) == (" on", None)
        service.on("/", answering(405, b""))
        with pytest.raises(NotFoundError, match="Not Found") as caught:
            await hf.text_generation("Go")
        assert caught.value.endpoint == COMPLETIONS
        asked = len(service.to("/"))
        service.on(COMPLETIONS, answering(404, {"message": "The model `my` does not exist."}))
        with pytest.raises(NotFoundError, match="does not exist"):
            await hf.text_generation("Go")
        assert len(service.to("/")) == asked
    sent = (await service.sent("/"))[0]
    assert (sent["inputs"], sent["parameters"]["max_new_tokens"]) == ("Go", 5)
    assert service.to("/")[0].query == {"key": "1"}


async def test_text_generation_never_drops_a_medium(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match="takes texts only: use chat for media"):
            await hf.text_generation([Message("user", "What?", [PNG])], model=MODEL)
    assert service.seen == []


@pytest.mark.parametrize("address", ["localhost:7860", "127.0.0.1:7860/app", "my.host:80"])
def test_an_address_without_its_scheme_gets_one(address: str) -> None:
    with pytest.raises(NotFoundError, match=f"write http://{address}$"):
        find_model(address, "chat")


def test_a_client_that_is_not_connected_says_how_to_connect() -> None:
    opening: Any = chat.connect("llama-3.3-70b")
    with pytest.raises(AttributeError, match="not connected yet, use `async with"):
        opening.chat("Hi")
    assert not hasattr(opening, "_private")
    opening_sync: Any = chat.connect_sync("llama-3.3-70b")
    with pytest.raises(AttributeError, match="not connected yet, use `with"):
        opening_sync.chat("Hi")


def test_a_medium_of_an_app_is_refused_with_its_place(tmp_path: Path) -> None:

    with pytest.raises(InvalidInputError, match=r"media must be a list of files, got PosixPath"):
        read_turn("Hi", tmp_path / "cat.png")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"media\[0\]: cannot read"):
        read_turn("Hi", [tmp_path / "cat.png"])
