import asyncio
import sys
from collections.abc import Sequence

from spacecall import Call
from spacecall.chat import ChatModel, ChatReply, Conversation, Message, MessageInput
from spacecall.facades import SpaceFacade, Turn, read_turn
from spacecall.media import MediaInput


class Greeter(SpaceFacade):
    LABEL = "Greeter"
    SOURCE = "owner/greeter"

    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
    ) -> Call[ChatReply]:
        turn = read_turn(messages, media, conversation)

        call: Call[str] = self.space.call("/greet", name=turn.prompt)
        return call.map(lambda text: make_reply(turn, text))


def make_reply(turn: Turn, text: str) -> ChatReply:
    messages = (*turn.messages, Message("assistant", text))
    return ChatReply(text, Conversation(messages=messages))


async def main(address: str) -> None:
    async with Greeter.connect(address) as greeter:
        model: ChatModel = greeter
        reply = await model.chat("Ada")
        print(reply.text)


asyncio.run(main(sys.argv[1]))
