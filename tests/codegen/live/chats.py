"""Conversations and messages with files."""

from __future__ import annotations

from typing import Any

from spacecall import File
from tests.codegen.live.cases import PICTURE, Many, anything, begins, case, content, has

NOTE = File(b"note", name="note.txt")


def _text(text: str, role: str, generation: str) -> Any:
    return has(role=role, content=text if generation == "5" else [has(type="text", text=text)])


def _history(m: Any) -> list[Any]:
    """One message, as each generation writes it."""
    if hasattr(m, "TextMessage"):
        return [m.Message(role="user", content=[m.TextMessage(text="hi")])]
    return [m.Message(role="user", content="hi")]


def _file(m: Any) -> list[Any]:
    file_message = m.FileMessage(file=NOTE, alt_text="a note")
    return [
        m.Message(
            role="user", content=[file_message] if hasattr(m, "TextMessage") else file_message
        )
    ]


def _both(generation: str) -> list[Any]:
    user, bot = (
        _text(text, role, generation)
        for text, role in (("hi", "user"), ("You said more", "assistant"))
    )
    grown = [_text(text, "assistant", generation) for text in ("one", "one two", "one two three")]
    file = has(file=content(PICTURE))
    file_content = file if generation == "5" else [file]
    return [
        case(
            "chat.answer",
            lambda m: {"message": "more", "history": _history(m)},
            Many(message="", conversation=[user, _text("more", "user", generation), bot]),
            "AnswerOutput",
            only=generation,
        ),
        case(
            "chat.stream",
            lambda m: {"history": _history(m)},
            [user, grown[-1]],
            "list[Message]",
            streams=[[user, partial] for partial in grown],
            only=generation,
        ),
        case(
            "chat.thoughts",
            {},
            [
                has(metadata=has(title="Thinking")),
                has(options=[has(value="yes"), has(value="no", label="No!")]),
            ],
            "list[Message]",
            only=generation,
        ),
        case(
            "chat-files.add",
            lambda m: {"message": m.MultimodalData(text="look", files=[File(PICTURE)])},
            Many(
                conversation=[
                    has(role="user", content=file_content),
                    _text("look", "user", generation),
                ],
                message=anything,
            ),
            "AddOutput",
            only=generation,
        ),
    ]


CASES = [
    *_both("6"),
    *_both("5"),
    case(
        "chat.count",
        lambda m: {"history": _history(m)},
        Many(count_=1, roles=["user"]),
        "CountOutput",
    ),
    case("chat.count", {}, Many(count_=0, roles=[]), "CountOutput"),
    case("chat-files.kinds", lambda m: {"history": _file(m)}, [anything], "Any"),
    case(
        "multimodal.split",
        lambda m: {"message": m.MultimodalData(text="hi", files=[NOTE, File(PICTURE)])},
        Many(text="hi", names=["note.txt", "red.png"]),
        "SplitOutput",
    ),
    case(
        "multimodal.louder",
        lambda m: {"message": m.MultimodalData(text="hi", files=[NOTE])},
        {"text": "hi!", "files": [b"note"]},
        "MultimodalData",
        only="6",
    ),
    case(
        "multimodal.louder",
        lambda m: {"message": m.MultimodalData(text="hi")},
        {"text": "hi!", "files": []},
        "MultimodalData",
        only="6",
    ),
    case(
        "multimodal.louder",
        lambda m: {"message": m.MultimodalData(text="hi", files=[NOTE])},
        {"text": "hi!", "files": [b"note"]},
        "MultimodalData | None",
        only="5",
    ),
    case(
        "multimodal.louder",
        lambda m: {"message": m.MultimodalData(text="hi")},
        {"text": "hi!", "files": []},
        "MultimodalData | None",
        only="5",
    ),
    case(
        "chat-pairs.answer",
        {"message": "more", "history": [("hi", None)]},
        [("hi", None), ("more", "You said more")],
        "AnswerOutput",
        only="5",
    ),
    case(
        "chat-pairs.file",
        {},
        [(has(file=begins(b'"""Conv')), None)],
        "FileCallOutput",
        only="5",
    ),
    case(
        "chat-interface.reply",
        {"message": "abc", "tone": "t"},
        "t: abc",
        "Any",
        streams=["t: a", "t: ab", "t: abc"],
        only="6",
    ),
    case(
        "chat-interface.chat",
        {"message": "abc"},
        "plain: abc",
        "Any",
        streams=["plain: a", "plain: ab", "plain: abc"],
        only="5",
    ),
]
