"""What the stub's functions do.

- `echo` answers at once;
- `slow_many` takes the seconds that it is given, and is held where they are `HELD` or more;
- `stream_text` gives `steps` values of a growing text; for the text `paced`, 50 values a second,
  and each adds the time at which it was sent;
- `bot` edits the last of 200 messages, as often as the text of the history's message says;
- `make_file` gives a file of as many bytes as its text says; `files` answers that there are none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HELD = 1e6
CHAT = 200
PACED = "paced"
STAMP = 17
"""Characters of a time that a paced stream adds."""
_PACE = 1 / 50
CLOSE = b'data: {"msg":"close_stream","event_id":null}\n\n'
HEARTBEAT = b'data: {"msg":"heartbeat","event_id":null}\n\n'


@dataclass
class Job:
    """The messages of a job: at its start, while it runs, at its end."""

    start: tuple[bytes, ...]
    end: bytes
    seconds: float = 0.0
    updates: Iterator[bytes] | None = None
    pause: float = 0.0


def make(name: str, event_id: str, data: list[Any]) -> Job:
    """Return the job of a function."""
    start = (
        _message(event_id, msg="estimation", rank=0, queue_size=1, rank_eta=None),
        _message(event_id, msg="process_starts", eta=None),
    )
    match name:
        case "slow_many":
            end = _completed(event_id, [f"slept {data[0]}"])
            return Job(start, end, seconds=data[0])
        case "stream_text":
            text, steps = data[0], int(data[1])
            if text == PACED:
                end = _completed(event_id, ["end"])
                return Job(start, end, updates=_timed(event_id, steps), pause=_PACE)
            end = _completed(event_id, ["".join(f"{text}{n} " for n in range(steps))])
            return Job(start, end, updates=_growing(event_id, text, steps))
        case "bot":
            edits = int(data[0][0]["content"][0]["text"])
            words = "".join(f"word{n} " for n in range(1, edits))
            end = _completed(event_id, [_chat(words), None])
            return Job(start, end, updates=_edited(event_id, edits))
        case "make_file":
            return Job(start, _completed(event_id, [_file(int(data[0]))]))
        case "files":
            return Job(start, _completed(event_id, [[]]))
        case _:
            return Job(start, _completed(event_id, data))


def file_size(path: str) -> int:
    """Return the bytes of the file at a path that `make_file` returned."""
    return int(path.rpartition("/")[2].partition(".")[0])


def _growing(event_id: str, text: str, steps: int) -> Iterator[bytes]:
    yield _generating(event_id, [f"{text}0 "])
    for n in range(1, steps):
        yield _generating(event_id, [[["append", [], f"{text}{n} "]]])


def _timed(event_id: str, steps: int) -> Iterator[bytes]:
    yield _generating(event_id, [""])
    for _ in range(1, steps):
        stamp = f"{time.monotonic():{STAMP - 1}.6f} "
        yield _generating(event_id, [[["append", [], stamp]]])


def _edited(event_id: str, edits: int) -> Iterator[bytes]:
    yield _generating(event_id, [_chat(""), None])
    for n in range(1, edits):
        edit = ["append", [CHAT - 1, "content", 0, "text"], f"word{n} "]
        yield _generating(event_id, [[edit], []])


def _chat(last: str) -> list[dict[str, Any]]:
    texts = [f"message {n}, of some length, as people write them" for n in range(CHAT - 1)]
    return [
        {
            "role": "user" if n % 2 == 0 else "assistant",
            "metadata": None,
            "content": [{"text": text, "type": "text"}],
            "options": None,
        }
        for n, text in enumerate([*texts, last])
    ]


def _file(size: int) -> dict[str, Any]:
    return {
        "path": f"made/{size}.bin",
        "url": None,
        "size": size,
        "orig_name": f"{size}.bin",
        "mime_type": "application/octet-stream",
        "is_stream": False,
        "meta": {"_type": "gradio.FileData"},
    }


def _generating(event_id: str, data: list[Any]) -> bytes:
    output = {"data": data, **_DETAILS, "is_generating": True}
    return _message(event_id, msg="process_generating", output=output, success=True)


def _completed(event_id: str, data: list[Any]) -> bytes:
    output = {"data": data, **_DETAILS, "is_generating": False}
    return _message(
        event_id, msg="process_completed", output=output, success=True, title=None, used_cache=None
    )


_DETAILS: dict[str, Any] = {
    "duration": 0.001,
    "average_duration": 0.001,
    "render_config": None,
    "changed_state_ids": [],
}


def _message(event_id: str, **fields: Any) -> bytes:
    text = json.dumps({**fields, "event_id": event_id}, ensure_ascii=False, separators=(",", ":"))
    return b"data: " + text.encode() + b"\n\n"
