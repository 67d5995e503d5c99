"""Which addresses a file of an app may be at."""

from __future__ import annotations

import socket
from typing import Any

import anyio
import httpx
import pytest

from spacecall._io.addresses import (
    AddressKind,
    AddressPolicy,
    KnownPeers,
    kind_of_address,
    kind_of_host,
)
from spacecall.errors import ForbiddenAddressError
from spacecall.options import FileHosts, Limits
from tests.io.tools import answering, open_app_client, server


def policy(
    home: str, hosts: FileHosts = "public", peers: KnownPeers | None = None
) -> AddressPolicy:
    return AddressPolicy(hosts, home, peers or KnownPeers(), 1.0)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", "public"),
        ("2606:4700::1111", "public"),
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::1", "loopback"),
        ("::", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("10.1.2.3", "private"),
        ("172.31.0.1", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("224.0.0.1", "reserved"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("192.0.2.1", "reserved"),
        ("ff02::1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:8.8.8.8", "public"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("2002:7f00:1::", "loopback"),
        ("2001:0:0:0:0:0:80ff:fffe", "loopback"),
        ("2001:0:a00:1::f7f7:f7f7", "private"),
        ("2001:0:808:808::f7f7:f7f7", "public"),
        ("2002:a9fe:a9fe::1", "link-local"),
        ("2002:808:808::1", "public"),
        ("::ffff:0:169.254.169.254", "link-local"),
        ("::ffff:0:a00:1", "private"),
        ("::ffff:100.100.100.200", "private"),
        ("64:ff9b::808:808", "public"),
        ("64:ff9b::c612:1", "reserved"),
        ("64:ff9b:1::a9fe:a9fe", "reserved"),
        ("64:ff9b:1:ffff::808:808", "reserved"),
        ("64:ff9b:2::1", "reserved"),
        ("::1:a00:1", "reserved"),
        ("100::1", "reserved"),
        ("100:0:0:1::1", "reserved"),
        ("1fff::1", "reserved"),
        ("2001:10::1", "reserved"),
        ("2001:20::1", "reserved"),
        ("2001:1ff::1", "reserved"),
        ("2001:200::1", "public"),
        ("3fff::1", "reserved"),
        ("3fff:fff::1", "reserved"),
        ("3fff:1000::1", "public"),
        ("4000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("9000::1", "reserved"),
        ("ff0e::1", "reserved"),
        ("0.1.2.3", "reserved"),
        ("192.0.0.0", "reserved"),
        ("192.0.0.8", "reserved"),
        ("192.0.0.9", "public"),
        ("192.0.0.10", "public"),
        ("192.0.0.11", "reserved"),
        ("192.0.0.170", "reserved"),
        ("192.0.0.192", "reserved"),
        ("192.0.0.255", "reserved"),
        ("192.0.1.0", "public"),
        ("192.88.99.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("198.19.255.255", "reserved"),
        ("198.51.100.1", "reserved"),
        ("203.0.113.1", "reserved"),
        ("239.1.1.1", "reserved"),
        ("168.63.129.16", "reserved"),
        ("100.127.255.255", "private"),
        ("100.128.0.1", "public"),
    ],
)
def test_the_kind_of_an_address(address: str, kind: AddressKind) -> None:
    assert kind_of_address(address) == kind
    assert kind_of_host(address) == kind


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "app.localhost",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "0",
        "127\u30020\u30020\u30021",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
def test_a_loopback_address_however_it_is_spelled(host: str) -> None:
    assert kind_of_host(host) == "loopback"


@pytest.mark.parametrize(
    "host", ["example.com", "1.2.3.4.5", "256.1.1.1", "1.2.3.999", "deadbeef", "127.0.0.x", ""]
)
def test_a_name_has_no_kind_before_it_is_resolved(host: str) -> None:
    assert kind_of_host(host) is None


@pytest.mark.parametrize(
    ("home", "url"),
    [
        ("https://app.example", "http://127.0.0.1/x"),
        ("https://app.example", "http://[::ffff:10.0.0.1]/x"),
        ("https://app.example", "http://2852039166/latest/meta-data"),
        ("http://127.0.0.1:7860", "http://169.254.169.254/x"),
        ("http://127.0.0.1:7860", "http://10.0.0.1/x"),
        ("http://192.168.1.2", "http://127.0.0.1/x"),
        ("https://app.example", "file:///etc/passwd"),
        ("http://127.0.0.1:7860", "file:///etc/passwd"),
    ],
)
def test_what_the_default_refuses(home: str, url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        policy(home).check_url(httpx.URL(url))


@pytest.mark.parametrize(
    ("home", "url"),
    [
        ("https://app.example", "https://app.example/x"),
        ("http://app.example", "https://app.example/x"),
        ("https://app.example", "http://cdn.example/x"),
        ("https://app.example", "http://8.8.8.8/x"),
        ("http://127.0.0.1:7860", "http://localhost:9/x"),
        ("http://192.168.1.2", "http://10.0.0.1/x"),
        ("http://10.0.0.1:1", "http://10.0.0.1:1/x"),
    ],
)
def test_what_the_default_allows(home: str, url: str) -> None:
    policy(home).check_url(httpx.URL(url))


def test_app_allows_its_own_address_alone_and_any_every_one() -> None:
    app_file, cdn, inside = map(
        httpx.URL, ("https://a.example/x", "https://cdn.example/x", "http://10.0.0.1/x")
    )
    policy("https://a.example", "app").check_url(app_file)
    for url in (cdn, inside):
        with pytest.raises(ForbiddenAddressError, match="Limits"):
            policy("https://a.example", "app").check_url(url)
        policy("https://a.example", "any").check_url(url)


@pytest.mark.parametrize("home", ["https://a.example/app", "https://ada:lace@a.example/my/file?x"])
def test_an_error_names_the_file_s_host_and_the_one_it_is_compared_with(home: str) -> None:
    """Which is the app's, or that of a URL which the caller passed."""
    cdn, inside = httpx.URL("https://cdn.example:444/x"), httpx.URL("http://10.0.0.1/x")
    with pytest.raises(ForbiddenAddressError) as caught:
        policy(home, "app").check_url(cdn)
    assert caught.value.message == (
        "the file is at https://cdn.example:444, and not at https://a.example: "
        "set Limits(file_hosts='public') to allow public hosts"
    )
    peers = KnownPeers()
    for difference in ("the address of https://a.example is unknown", "https://a.example is not"):
        with pytest.raises(ForbiddenAddressError) as caught:
            policy(home, peers=peers).check_url(inside)
        assert caught.value.message == (
            f"the file is at http://10.0.0.1, a private address, but {difference}: "
            "set Limits(file_hosts='any') to allow it"
        )
        peers.record("a.example", "public")


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="file_hosts"):
        Limits(file_hosts="all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Names:
    """What names resolve to, for the length of a test: each question takes the next answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[str]) -> None:
        self.answers = {name.replace("_", "."): list(entries) for name, entries in answers.items()}
        self.asked: list[str] = []
        self._real = anyio.getaddrinfo
        monkeypatch.setattr(anyio, "getaddrinfo", self._resolve)

    async def _resolve(self, host: Any, port: Any, **options: Any) -> Any:
        name = str(host)
        if name not in self.answers:
            resolved: Any = await self._real(host, port, **options)
            return resolved
        self.asked.append(name)
        entries = self.answers[name]
        address = entries.pop(0) if len(entries) > 1 else entries[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


async def test_a_name_that_resolves_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(monkeypatch, evil_example=["127.0.0.1"])
    async with (
        server(answering(200, b"inside")) as inside,
        open_app_client("http://app.example") as app_client,
    ):
        port = inside.url.rpartition(":")[2]
        with pytest.raises(ForbiddenAddressError, match="loopback"):
            async with app_client.download(f"http://evil.example:{port}/x"):
                pass
        assert names.asked == ["evil.example"]
        assert inside.seen == []


async def test_a_redirect_into_the_network_is_refused() -> None:
    async with (
        server(answering(200, b"inside")) as inside,
        server(answering(302, location=f"{inside.url}/x")) as app,
        open_app_client(app.url) as app_client,
    ):
        with pytest.raises(ForbiddenAddressError):
            # As if the app were a public one: only what names the file differs.
            async with app_client.download(f"{app.url}/a", home="https://app.example"):
                pass
        async with app_client.with_base_url("http://10.0.0.1").download(
            f"{app.url}/a", home=app.url
        ) as response:
            assert await response.aread() == b"inside"
        assert len(inside.seen) == 1


def connect_to_loopback(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Make every connection lead to a port of this machine, whatever DNS said (asyncio only)."""
    real: Any = anyio.connect_tcp

    async def connect(remote_host: str, remote_port: int, **options: Any) -> Any:
        stream: Any = await real("127.0.0.1", port, **options)
        return stream

    monkeypatch.setattr(anyio, "connect_tcp", connect)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_peer_is_checked_before_the_request_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS says a public address first, and this machine when the connection is opened."""
    Names(monkeypatch, evil_example=["93.184.215.14"])
    async with (
        server(answering(200, b"inside")) as inside,
        open_app_client("http://app.example") as app_client,
    ):
        connect_to_loopback(monkeypatch, int(inside.url.rpartition(":")[2]))
        with pytest.raises(ForbiddenAddressError, match="loopback"):
            async with app_client.download("http://evil.example/x"):
                pass
        assert inside.seen == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_connection_that_is_open_already_is_checked_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Names(monkeypatch, intranet_example=["127.0.0.1"])
    async with (
        server(answering(200, b"inside")) as inside,
        httpx.AsyncClient() as client,
        open_app_client("http://app.example") as app_client,
    ):
        url = f"http://intranet.example:{inside.url.rpartition(':')[2]}/x"
        monkeypatch.setattr(app_client, "_client", client)
        connect_to_loopback(monkeypatch, int(inside.url.rpartition(":")[2]))
        async with app_client.with_base_url("").download(
            url, home=url
        ) as response:  # the caller's own choice
            assert await response.aread() == b"inside"
        with pytest.raises(ForbiddenAddressError):
            async with app_client.download(url):
                pass


async def test_a_name_keeps_the_kind_of_address_that_it_had_first() -> None:
    peers = KnownPeers()
    peers.record("app.example", "private")
    peers.record("app.example", "loopback")
    inside = policy("http://app.example", peers=peers)
    inside.check_url(httpx.URL("http://10.0.0.9/x"))
    with pytest.raises(ForbiddenAddressError):
        inside.check_url(httpx.URL("http://127.0.0.1/x"))
    with pytest.raises(ForbiddenAddressError):
        inside.check_kind(httpx.URL("http://app.example/x"), "loopback")


async def test_an_app_behind_a_proxy_is_not_where_the_proxy_is() -> None:
    """The proxy is on loopback; that does not open loopback to the app's files."""
    async with server(answering(200, b"{}")) as proxy, httpx.AsyncClient(proxy=proxy.url) as client:
        peers = KnownPeers()
        request = client.build_request("GET", "http://app.example/config")
        peers.watch(request)
        assert (await client.send(request)).status_code == 200
        assert peers.get("app.example") is None


class Reset:
    """A stream of httpcore whose connection was reset."""

    closed = False

    def get_extra_info(self, _name: str) -> object:
        raise OSError(107, "not connected")

    async def aclose(self) -> None:
        self.closed = True


async def test_a_peer_that_cannot_be_told_any_more_is_not_trusted() -> None:
    request = httpx.Request("GET", "http://8.8.8.8/x")
    watch = policy("https://app.example").watch(request)
    response = httpx.Response(200, extensions={"network_stream": Reset()})
    with pytest.raises(httpx.ConnectError):
        await watch.check_reused(response)
    stream = Reset()
    await watch("connection.connect_tcp.started", {"host": "8.8.8.8", "port": 80})
    with pytest.raises(httpx.ConnectError):
        await watch("connection.connect_tcp.complete", {"return_value": stream})
    assert stream.closed
