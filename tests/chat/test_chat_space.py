"""Any chat app as a chat model, on real apps of each Gradio generation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from spacecall import AppError, InvalidInputError, NotFoundError, Space
from spacecall._core.app_config import parse_config
from spacecall.chat import Conversation, Message, connect, connect_sync, reply_deltas
from spacecall.chat_space import ChatShapeError, ChatSpace
from spacecall.chat_space._shape import ChatMapping, find_chat
from tests.conftest import ServerPool
from tests.servers import DATA, GRADIO_3, GRADIO_4, GRADIO_5, GRADIO_6

VERSIONS = [GRADIO_3, GRADIO_4, GRADIO_5, GRADIO_6]
SINCE_4 = [GRADIO_4, GRADIO_5, GRADIO_6]
WITH_PAIRS = [GRADIO_3, GRADIO_4, GRADIO_5]
RED = DATA / "red.png"

Address: TypeAlias = Callable[[str], str]
"""Returns the address of one of the apps in `chat_app.py`."""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(version: str, app_server: ServerPool) -> Address:
    url = app_server("chat_app.py", version).url
    return lambda name: f"{url}/{name}"


def on(*versions: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("version", versions, indirect=True)


async def test_a_chat_interface_streams_and_remembers(app: Address) -> None:
    async with connect(app("interface")) as model:
        async with model.chat("hi you") as job:
            pieces = [piece async for piece in job.text]
            first = await job.result()
        assert "".join(pieces) == first.text == "hi you after 0 turns:"
        assert len(pieces) > 1
        second = await model.chat("more", conversation=first.conversation)
        assert second.text.endswith("hi you / hi you after 0 turns:")
        roles = [message.role for message in second.conversation.messages]
        assert roles == ["user", "assistant"] * 2


async def test_an_app_that_does_not_stream_answers_in_one_piece(app: Address) -> None:
    async with connect(app("whole")) as model, model.chat("hi") as job:
        assert [str(piece) async for piece in job.text] == ["hi after 0 turns: "]


async def test_conversations_do_not_mix(app: Address) -> None:
    async with connect(app("whole")) as model:
        first, second = await model.chat("one"), await model.chat("two")
        continued = await model.chat("three", conversation=first.conversation)
        assert second.text == "two after 0 turns: "
        assert continued.text.endswith("one / one after 0 turns: ")


async def test_a_conversation_goes_on_in_another_process(app: Address) -> None:
    async with connect(app("whole")) as model:
        saved = (await model.chat("one")).conversation.to_json()
        continued = await model.chat("two", conversation=Conversation.from_json(saved))
        assert continued.text.endswith("one / one after 0 turns: ")


@on(GRADIO_4)
@pytest.mark.parametrize("name", ["interface", "pairs", "textbook"])
async def test_a_conversation_of_another_app_keeps_its_history(name: str, app: Address) -> None:
    async with connect(app("whole")) as model:
        saved = (await model.chat("one")).conversation.to_json()
    foreign = Conversation.from_json(saved)
    async with connect(app(name)) as model:
        reply = await model.chat("two", conversation=foreign)
    assert reply.conversation.session_hash != foreign.session_hash
    assert "one" in reply.text
    assert len(reply.conversation.messages) == 4


@on(GRADIO_3, GRADIO_6)
async def test_an_older_reply_is_continued_without_the_newer_turns(app: Address) -> None:
    async with connect(app("whole")) as model:
        root = await model.chat("root")
        await model.chat("first branch", conversation=root.conversation)
        second = await model.chat("second branch", conversation=root.conversation)
    assert "root" in second.text
    assert "first branch" not in second.text
    assert len(second.conversation.messages) == 4


@on(*WITH_PAIRS)
@pytest.mark.parametrize("name", ["pairs", "kept-pairs"])
async def test_a_chatbot_of_pairs(name: str, app: Address) -> None:
    async with connect(app(name)) as model:
        first = await model.chat("hi")
        second = await model.chat("more", conversation=first.conversation)
        assert first.text.strip() == "hi after 0 turns:"
        assert second.text.strip() == "more after 1 turns: hi / hi after 0 turns:"


@on(*SINCE_4)
@pytest.mark.parametrize("name", ["textbook", "steps", "kept"])
async def test_a_chatbot_of_messages(name: str, app: Address) -> None:
    async with connect(app(name)) as model:
        async with model.chat("hi") as job:
            pieces = [piece async for piece in job.text]
            first = await job.result()
        assert "".join(pieces) == first.text
        second = await model.chat("more", conversation=first.conversation)
        assert first.text.strip() == "hi after 0 turns:"
        assert second.text.strip().endswith("hi / hi after 0 turns:")


@on(*SINCE_4)
async def test_an_app_that_takes_the_history_gets_one_of_the_callers(app: Address) -> None:
    history = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
    async with connect(app("textbook")) as model:
        assert (await model.chat(history)).text == "c after 2 turns: a / b"


async def test_an_app_without_history_gets_lines(app: Address) -> None:
    history = [Message("system", "Be brief."), Message("user", "hi")]
    async with connect(app("whole")) as model:
        reply = await model.chat(history)
        assert reply.text.startswith("System: Be brief.\nUser: hi\nAssistant: after 0")


@on(*WITH_PAIRS)
async def test_pairs_refuse_a_system_message(app: Address) -> None:
    history = [Message("system", "Be brief."), Message("user", "hi")]
    async with connect(app("pairs")) as model:
        with pytest.raises(InvalidInputError, match="takes no system message"):
            await model.chat(history)


async def test_additional_inputs_have_the_values_of_the_page_or_the_callers(app: Address) -> None:
    async with connect(app("tuned")) as model:
        assert (await model.chat("hi")).text == "Be nice: hi (50)"
        reply = await model.chat("hi", additional_inputs={"length": 20})
        assert reply.text == "Be nice: hi (20)"
        with pytest.raises(InvalidInputError, match=r"'lenght' is not an .*did you mean length"):
            await model.chat("hi", additional_inputs={"lenght": 20})
        with pytest.raises(InvalidInputError, match=r"'Length' is .*label of '\w+': write"):
            await model.chat("hi", additional_inputs={"Length": 20})
    async with connect(app("tuned"), additional_inputs={"length": 30}) as model:
        assert (await model.chat("hi")).text == "Be nice: hi (30)"


@on(*SINCE_4)
async def test_media_go_into_a_multimodal_textbox(app: Address) -> None:
    async with connect(app("multimodal")) as model:
        assert (await model.chat("see", media=[RED])).text == "see with red.png"


@on(*SINCE_4)
async def test_media_go_into_the_history(app: Address) -> None:
    async with connect(app("counting")) as model:
        first = await model.chat("how many", media=[RED])
        assert first.text == "how many: 1 files ['.png']"
        second = await model.chat("and now", media=[RED], conversation=first.conversation)
        assert second.text == "and now: 2 files ['.png']"


@on(*WITH_PAIRS)
async def test_media_go_into_pairs_except_on_gradio_3(app: Address, version: str) -> None:
    async with connect(app("counting-pairs")) as model:
        if version == GRADIO_3:
            with pytest.raises(InvalidInputError, match="Gradio 3 takes no files"):
                await model.chat("how many", media=[RED])
        else:
            assert (await model.chat("how many", media=[RED])).text == "how many: 1 files"


async def test_media_go_into_a_parameter_of_their_kind(app: Address) -> None:
    async with connect(app("describing"), endpoint="describe") as model:
        assert (await model.chat("what", media=[RED])).text.startswith("what: ")
        with pytest.raises(InvalidInputError, match=r"does not take 'tone.wav'"):
            await model.chat("what", media=[DATA / "tone.wav"])


@on(*SINCE_4)
async def test_images_of_an_answer_are_files_and_stay_in_the_history(app: Address) -> None:
    async with ChatSpace.connect(app("drawing")) as model:
        reply = await model.chat("draw")
        (image,) = reply.images
        assert await image.read() == RED.read_bytes()
        assert reply.text == "draw after 0 turns: "
        second = await model.chat("again", conversation=reply.conversation)
        assert second.text.endswith("draw after 0 turns: ")


@on(GRADIO_5, GRADIO_6)
async def test_a_thought_is_not_the_answer(app: Address) -> None:
    async with connect(app("thinking")) as model, model.chat("hi") as job:
        assert [str(piece) async for piece in job.text] == ["so hi"]


@on(GRADIO_5, GRADIO_6)
@pytest.mark.parametrize("name", ["thinking", "thinking-interface"])
async def test_a_thought_with_a_title_is_reasoning(name: str, app: Address) -> None:
    async with connect(app(name)) as model, model.chat("hi") as job:
        deltas = [(delta.kind, str(delta)) async for delta in reply_deltas(job)]
        reply = await job.result()
    assert (reply.text, reply.reasoning) == ("so hi", "hm")
    assert deltas[0] == ("reasoning", "hm")
    assert "".join(text for kind, text in deltas if kind == "text") == "so hi"
    assert reply.conversation.messages[-1].reasoning == "hm"


@on(GRADIO_5, GRADIO_6)
async def test_think_tags_and_thoughts_alone_are_reasoning(app: Address) -> None:
    async with connect(app("thinking-interface")) as model:
        async with model.chat("tags") as job:
            pieces = [str(piece) async for piece in job.text]
            reply = await job.result()
        assert (pieces, reply.text, reply.reasoning) == (["so tags"], "so tags", "hm")
        alone = await model.chat("only")
        assert (alone.text, alone.reasoning) == ("", "hm")


@on(GRADIO_5, GRADIO_6)
async def test_the_text_of_a_message_streams_without_a_chat_model(
    app: Address, version: str
) -> None:
    name = "/chat" if version == GRADIO_5 else "/think_aloud"
    async with (
        Space(app("thinking-interface")) as space,
        space.call(name, message="hi") as job,
    ):
        pieces = [str(piece) async for piece in job.text]
    assert pieces == ["so", " hi"]


@on(GRADIO_6)
def test_thoughts_are_reasoning_without_async(app: Address) -> None:
    with connect_sync(app("thinking-interface")) as model:
        reply = model.chat("hi").result()
    assert (reply.text, reply.reasoning) == ("so hi", "hm")


async def test_an_error_of_the_app_is_raised(app: Address) -> None:
    async with connect(app("interface")) as model:
        with pytest.raises(AppError, match="the model is out"):
            await model.chat("fail")


@on(GRADIO_6)
async def test_several_chats_are_an_error_that_names_them(app: Address) -> None:
    with pytest.raises(ChatShapeError, match="endpoint='/respond'") as caught:
        await connect(app("several")).open()
    assert caught.value.endpoints == ("/respond", "/respond_1")
    async with connect(app("several"), endpoint="/respond_1") as model:
        assert (await model.chat("hi")).text == "hi after 0 turns: "


@on(GRADIO_3, GRADIO_6)
async def test_an_app_without_a_chat_is_an_error_that_says_how_to_map_it(app: Address) -> None:
    with pytest.raises(ChatShapeError, match=r"no endpoint takes a text.*/translate.*message="):
        await connect(app("translator")).open()
    mapping = {"language": "French"}
    async with connect(app("translator"), endpoint="translate", additional_inputs=mapping) as model:
        assert (await model.chat("one")).text == "one in French"
    with pytest.raises(ChatShapeError, match=r"neither a text nor a chatbot.*message="):
        await connect(app("calculator"), endpoint="add").open()


def test_an_app_without_named_endpoints_is_not_told_to_name_one() -> None:
    app = parse_config({"version": "3.50.2", "components": [], "dependencies": []})
    with pytest.raises(ChatShapeError, match="no named endpoint; its author can name") as caught:
        find_chat(app, {}, ChatMapping())
    assert "endpoint=" not in str(caught.value)


@on(GRADIO_6)
async def test_a_wrong_mapping_is_an_error_that_names_what_exists(app: Address) -> None:
    translator = app("translator")
    with pytest.raises(NotFoundError, match=r"no endpoint 'translat'; did you mean /translate"):
        await connect(translator, endpoint="translat").open()
    with pytest.raises(NotFoundError, match=r"no parameter 'texts'; did you mean text"):
        await connect(translator, endpoint="translate", message="texts").open()
    with pytest.raises(NotFoundError, match=r"no output 1; its outputs are 0 \(textbox\)"):
        await connect(translator, endpoint="translate", answer=1).open()
    async with connect(translator, endpoint="translate", message="language") as model:
        with pytest.raises(InvalidInputError, match=r"needs a value of 'text'.*additional_inputs="):
            await model.chat("German")


@on(GRADIO_6)
def test_without_async(app: Address) -> None:
    with connect_sync(app("textbook")) as model, model.chat("hi you") as job:
        assert "".join(job.text) == job.result().text == "hi you after 0 turns:"
