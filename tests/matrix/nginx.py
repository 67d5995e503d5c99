"""A real nginx between client and app, under a folder of its address."""

from __future__ import annotations

import getpass
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from scripts._programs import find_program
from tests.servers import free_port

PREFIX = "/some/folder"

_CONFIG = """
daemon off;
user {user};
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    server {{
        listen 127.0.0.1:{port};
        location {prefix}/ {{
            proxy_pass {upstream}/;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_buffering {buffering};
            proxy_read_timeout {idle}s;
        }}
    }}
}}
"""


@contextmanager
def nginx(upstream: str, *, buffering: bool, idle: int = 30) -> Generator[str]:
    """The app at `upstream`, through nginx: the address to use.

    Args:
        buffering: whether nginx collects what the app sends before it passes it on.
        idle: seconds without a byte from the app after which nginx ends an answer.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="spacecall-nginx-") as name:
        folder = Path(name)
        config = folder / "nginx.conf"
        text = _CONFIG.format(
            user=getpass.getuser(),
            folder=folder,
            port=port,
            prefix=PREFIX,
            upstream=upstream,
            buffering="on" if buffering else "off",
            idle=idle,
        )
        config.write_text(text, encoding="utf-8")
        program = find_program("nginx")
        assert program, "mark the test with pytest.mark.requires('nginx')"
        process = subprocess.Popen(
            [program, "-p", name, "-c", str(config)], stdin=subprocess.DEVNULL, env={}
        )
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}{PREFIX}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("nginx does not answer")
