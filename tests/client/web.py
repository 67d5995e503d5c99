"""A small web server on loopback: what lies elsewhere than the app, and how it may fail."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from spacecall import File, Space


@dataclass(frozen=True)
class Page:
    """What a path answers.

    Attributes:
        cut: bytes of the body that are sent before the connection is closed; None sends it all.
        chunked: whether the length is kept secret.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cut: int | None = None
    chunked: bool = False


class Web:
    """A running server: its pages by path, and the headers of every request so far."""

    def __init__(self, port: int, pages: Mapping[str, Page]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pages = dict(pages)
        self.requests: list[tuple[str, dict[str, str]]] = []


@contextmanager
def web(pages: Mapping[str, Page]) -> Generator[Web]:
    """Serve `pages` for the length of a `with`; other paths answer 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web_server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            page = web_server.pages.get(self.path.partition("?")[0], Page(b"nothing here", 404))
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if not page.chunked:
                self.send_header("content-length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body[: page.cut])
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web_server = Web(server.server_address[1], pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web_server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def file_at(space: Space, url: str, **fields: Any) -> File:
    """The handle that a call would give for a file that the app says is at `url`."""
    payload = {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}, **fields}
    return space._context.connection.make_file(payload)
