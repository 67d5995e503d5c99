"""The recorded exchanges in `tapes`, read."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from spacecall._io.event_stream import iterate_data

FOLDER = Path(__file__).parent / "tapes"
HOSTS = {
    "api.replicate.com": "replicate",
    "api.studio.nebius.ai": "nebius",
    "api.together.xyz": "together",
    "fal.run": "fal-ai",
}


@dataclass(frozen=True)
class Tape:
    """One exchange.

    Attributes:
        sent: the JSON of the request; empty where it was none.
        body: of the answer.
    """

    name: str
    url: str
    sent: dict[str, Any]
    status: int
    headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        """Of the address."""
        return urlsplit(self.url).path

    @property
    def provider(self) -> str:
        """Whom the router would have forwarded it to."""
        return HOSTS.get(urlsplit(self.url).hostname or "", "hf-inference")

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    async def events(self) -> AsyncGenerator[str, None]:
        """The events of the answer, by the reader that the client uses."""
        answer = httpx.Response(200, headers=self.headers, content=self.body.encode())
        async with aclosing(iterate_data(answer, limit=10**6)) as stream:
            async for event in stream:
                yield event


def tapes() -> list[Tape]:
    """All of them."""
    return [_read(path) for path in sorted(FOLDER.glob("*.json"))]


def _read(path: Path) -> Tape:
    raw = json.loads(path.read_text(encoding="utf-8"))
    answer, sent = raw["response"], raw["init"].get("body")
    body = answer["body"]
    return Tape(
        name=path.stem,
        url=raw["url"],
        sent=json.loads(sent) if sent else {},
        status=answer["status"],
        headers=answer["headers"],
        body=body if isinstance(body, str) else json.dumps(body),
    )
