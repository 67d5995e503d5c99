"""Responses whose bodies were read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spacecall._core.redaction import Redactor
from spacecall._io.connection_state import ConnectionState
from spacecall.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class FetchedResponse:
    """A successful response and its body.

    Attributes:
        url: of the resource, after redirects.
        headers: names in lower case.
        redactor: returns a redactor for the secrets of the request.
        connection: the connection that it came over.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    redactor: Callable[[], Redactor] = field(default=Redactor, repr=False)
    connection: ConnectionState = field(default_factory=ConnectionState, repr=False)

    @property
    def safe_url(self) -> str:
        """The URL for error messages: without query and secrets."""
        return self.redactor()(self.url.partition("?")[0])

    def json(self) -> Any:
        """Parse the body. Raises `ProtocolError` if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            kind = self.redactor()(self.headers.get("content-type", "no content type"))
            raise ProtocolError(f"expected JSON from {self.safe_url}, got {kind}") from error
        except MemoryError as error:
            raise ProtocolError(
                f"the JSON from {self.safe_url} ({len(self.body)} bytes) does not fit into memory: "
                "free memory, or lower Limits.max_body_bytes"
            ) from error
