"""Any chat app as a chat model: `gr.ChatInterface`, or a chatbot with a textbox.

::

    async with ChatSpace.connect("owner/space") as model:
        reply = await model.chat("Hello")
        reply = await model.chat("And now?", conversation=reply.conversation)

`spacecall.chat.connect("spaces/owner/space")` and `connect("https://…")` open it too.
"""

from __future__ import annotations

from spacecall.chat_space._model import ChatSpace
from spacecall.chat_space._shape import ChatShapeError

__all__ = ["ChatShapeError", "ChatSpace"]
