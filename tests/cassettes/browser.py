"""Headless Chromium, driven over WebDriver."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from scripts._programs import find_program
from tests.servers import free_port

_ARGUMENTS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_START = 60.0


@dataclass(frozen=True)
class Browser:
    """One window."""

    client: httpx.Client
    session: str

    def _do(self, path: str, **body: Any) -> Any:
        response = self.client.post(f"/session/{self.session}/{path}", json=body)
        assert response.is_success, response.text
        return response.json()["value"]

    def open(self, url: str) -> None:
        self._do("url", url=url)

    def script(self, text: str) -> Any:
        return self._do("execute/sync", script=text, args=[])

    def press(self, selector: str, key: str) -> None:
        """Focus an element, and press a key there."""
        element: dict[str, str] = self._do("element", using="css selector", value=selector)
        self._do(f"element/{next(iter(element.values()))}/value", text=key)

    def emulate(self, width: int, theme: str) -> None:
        """Show pages in a window of that width, in the theme `light` or `dark`."""
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        self._run_cdp("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": theme}
        self._run_cdp("Emulation.setEmulatedMedia", features=[feature])

    def _run_cdp(self, command: str, **params: Any) -> None:
        self._do("goog/cdp/execute", cmd=command, params=params)

    def errors(self) -> list[Any]:
        """Return the errors in the page's console, refused loads included."""
        return list(self._do("se/log", type="browser"))


@contextmanager
def chromium() -> Generator[Browser]:
    """Open a window of the system's Chromium (Debian: chromium and chromium-driver)."""
    driver = find_program("chromedriver")
    assert driver, "mark the test with pytest.mark.requires('chromedriver')"
    port = free_port()
    process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        ) as client:
            _wait(client)
            options = {"goog:chromeOptions": {"args": _ARGUMENTS}}
            logging = {"goog:loggingPrefs": {"browser": "ALL"}}
            capabilities = {"capabilities": {"alwaysMatch": options | logging}}
            response = client.post("/session", json=capabilities)
            assert response.is_success, response.text
            browser = Browser(client, response.json()["value"]["sessionId"])
            yield browser
            client.delete(f"/session/{browser.session}")
    finally:
        process.terminate()
        process.wait(10)


def _wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + _START
    while True:
        try:
            if client.get("/status").is_success:
                return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
