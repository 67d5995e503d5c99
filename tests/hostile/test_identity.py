"""Users who share one `httpx.AsyncClient` never meet, shown by what each request carried."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import anyio
import httpx
import pytest

from spacecall import Auth, AuthError, File, Space
from spacecall._io.lent_clients import without_cookies
from spacecall.cassettes import use_cassette
from spacecall.errors import SpaceError, StatusError
from spacecall.hub import Hub
from spacecall.inference import HuggingFaceInference
from tests.hostile.server import HostileServer, Request, http

FILE: dict[str, object] = {
    "type": "object",
    "title": "FileData",
    "properties": dict.fromkeys(("path", "url", "size", "orig_name", "mime_type"), True),
}
PASSWORDS = {"alice": "alice's", "bob": "bob's"}


def cookies(request: Request) -> set[str]:
    return set(filter(None, request.headers.get("cookie", "").split("; ")))


def logging_in(server: HostileServer) -> HostileServer:
    """Make an app with a login of `server`: its cookie is the user's name."""

    def config(request: Request, _socket: socket.socket) -> bytes:
        if not any(cookie.startswith("access-token=") for cookie in cookies(request)):
            return http({"detail": "Not authenticated"}, "401 Unauthorized")
        return http(server.config, headers=["set-cookie: seen=config; Path=/"])

    def login(request: Request, _socket: socket.socket) -> bytes:
        form = parse_qs(request.body.decode())
        user, password = form["username"][0], form["password"][0]
        if PASSWORDS.get(user) != password:
            return http({"detail": "Incorrect credentials."}, "400 Bad Request")
        return http({"success": True}, headers=[f"set-cookie: access-token={user}; Path=/"])

    server.routes |= {"/config": config, "/login": login}
    return server


@contextmanager
def app_with_login() -> Generator[HostileServer]:
    with HostileServer() as server:
        yield logging_in(server)


def signed_in(user: str, client: httpx.AsyncClient, url: str) -> Space:
    return Space(url, auth=Auth(username=user, password=PASSWORDS[user]), http_client=client)


def users_of(requests: list[Request]) -> set[str]:
    return {cookie for request in requests for cookie in cookies(request) if "access" in cookie}


async def test_two_users_one_after_the_other_do_not_meet() -> None:
    with app_with_login() as app:
        async with httpx.AsyncClient() as client:
            for user in ("alice", "bob", "alice"):
                requests_before = len(app.requests)
                async with signed_in(user, client, app.url) as space:
                    await space.call("/predict", x="hi")
                    async with space.session() as session:
                        await session.call("/predict", x="hi")
                assert users_of(app.requests[requests_before:]) == {f"access-token={user}"}
                assert cookies(app.requests[requests_before]) == set()
            assert not client.cookies


async def test_two_users_at_once_do_not_meet() -> None:
    with app_with_login() as app:
        async with (
            httpx.AsyncClient() as client,
            signed_in("alice", client, app.url) as alice,
            signed_in("bob", client, app.url) as bob,
        ):
            requests_before = len(app.requests)
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(_call, alice, "alice")
                    group.start_soon(_call, bob, "bob")
        hashes: dict[str, str] = {}
        for request in app.requests[requests_before:]:
            (user,) = users_of([request])
            if request.path.endswith("/queue/join"):
                body = request.json()
                assert user == f"access-token={body['data'][0]}"
                hashes[body["session_hash"]] = user
            elif request.path.endswith("/queue/data"):
                assert user == hashes[request.query["session_hash"]]


async def _call(space: Space, user: str) -> None:
    assert await space.call("/predict", x=user) == "ok"


async def test_a_wrong_password_and_none_are_refused_after_a_right_one() -> None:
    with app_with_login() as app:
        async with httpx.AsyncClient() as client:
            async with signed_in("alice", client, app.url):
                pass
            mallory = Auth(username="mallory", password="a guess")
            with pytest.raises(AuthError, match="wrong username or password"):
                await Space(app.url, auth=mallory, http_client=client).__aenter__()
            with pytest.raises(AuthError, match="requires a login"):
                await Space(app.url, http_client=client).__aenter__()


async def test_two_apps_of_one_host_do_not_see_each_others_cookies() -> None:
    with app_with_login() as first_app, app_with_login() as second_app:
        async with httpx.AsyncClient() as client:
            async with signed_in("alice", client, first_app.url) as space:
                await space.call("/predict", x="hi")
                requests_before = len(second_app.requests)
                async with signed_in("bob", client, second_app.url) as second:
                    await second.call("/predict", x="hi")
                    await space.call("/predict", x="hi")
            assert users_of(first_app.requests) == {"access-token=alice"}
            assert users_of(second_app.requests) == {"access-token=bob"}
            assert cookies(second_app.requests[requests_before]) == set()


async def test_the_callers_own_requests_get_nothing_of_a_space() -> None:
    with app_with_login() as app:
        async with httpx.AsyncClient() as client:
            async with signed_in("alice", client, app.url) as space:
                await space.call("/predict", x="hi")
                await client.get(f"{app.url}/mine")
                assert cookies(app.requests[-1]) == set()
                assert "authorization" not in app.requests[-1].headers
            assert not client.is_closed


async def test_the_callers_own_use_of_the_client_goes_on_meanwhile() -> None:
    """Their cookies are theirs: kept in the client, sent by the client."""
    mine = http(b"{}", headers=["set-cookie: mine=1; Path=/"])
    with app_with_login() as app:
        app.routes["/mine"] = lambda _request, _socket: mine
        async with httpx.AsyncClient() as client:
            async with signed_in("alice", client, app.url) as space:
                await client.get(f"{app.url}/mine")
                await space.call("/predict", x="hi")
                assert not any("mine=1" in cookies(request) for request in app.requests)
                await client.get(f"{app.url}/mine")
                assert cookies(app.requests[-1]) == {"mine=1"}
            assert dict(client.cookies) == {"mine": "1"}


async def test_cookies_of_the_client_are_used_where_no_auth_says_whose_they_must_be() -> None:
    with HostileServer() as app:
        async with httpx.AsyncClient(cookies={"sso": "callers"}) as client:
            async with Space(app.url, http_client=client) as space:
                await space.call("/predict", x="hi")
            assert {"sso=callers"} == {
                cookie for request in app.requests for cookie in cookies(request)
            }
            requests_before = len(app.requests)
            for auth in (Auth(token="hf_" + "t" * 20), Auth(username="u", password="p")):
                async with Space(app.url, auth=auth, http_client=client) as space:
                    await space.call("/predict", x="hi")
            assert all(not cookies(request) for request in app.requests[requests_before:])


async def test_a_login_of_the_caller_is_not_a_login_of_a_user_with_a_password() -> None:
    with app_with_login() as app:
        async with httpx.AsyncClient() as client:
            form = {"username": "alice", "password": PASSWORDS["alice"]}
            await client.post(f"{app.url}/login", data=form)
            requests_before = len(app.requests)
            async with signed_in("bob", client, app.url) as space:
                await space.call("/predict", x="hi")
            assert users_of(app.requests[requests_before:]) == {"access-token=bob"}
            mallory = Auth(username="mallory", password="a guess")
            with pytest.raises(AuthError, match="wrong username or password"):
                await Space(app.url, auth=mallory, http_client=client).__aenter__()


async def test_a_cookie_that_a_redirect_sets_stays_with_its_space() -> None:
    def moves(_request: Request, _socket: socket.socket) -> bytes:
        return http(b"", "302 Found", headers=["location: /config2", "set-cookie: hop=1; Path=/"])

    with HostileServer() as app:
        app.routes["/config"] = moves
        app.routes["/config2"] = lambda _request, _socket: http(app.config)
        async with httpx.AsyncClient(follow_redirects=True) as client:
            with pytest.raises(SpaceError):
                # The address that it came from is /config2, which is no app's /info.
                await Space(app.url, http_client=client).__aenter__()
            assert cookies(app.requests[1]) == {"hop=1"}
            assert not client.cookies
            with pytest.raises(SpaceError):
                await Space(app.url, http_client=client).__aenter__()
            first = [request for request in app.requests if request.path == "/config"]
            assert [cookies(request) for request in first] == [set(), set()]


@pytest.fixture
async def lent() -> AsyncGenerator[httpx.AsyncClient]:
    """A client with credentials of its own."""
    async with httpx.AsyncClient(
        auth=("owner", "password"),
        headers={"x-owner": "secret", "cookie": "c=callers"},
        cookies={"jar": "callers"},
    ) as client:
        yield client


def carries_nothing(request: Request) -> bool:
    names = {"authorization", "x-owner", "cookie", "x-hf-authorization", "x-key"}
    return not names & request.headers.keys()


async def test_what_the_client_adds_goes_to_the_app(lent: httpx.AsyncClient) -> None:
    with HostileServer() as app:
        async with Space(app.url, http_client=lent) as space:
            await space.call("/predict", x="hi")
        for request in app.requests:
            assert request.headers["authorization"].startswith("Basic ")
            assert request.headers["x-owner"] == "secret"
            assert cookies(request) == {"c=callers", "jar=callers"}


async def test_and_to_no_other_host(lent: httpx.AsyncClient) -> None:
    data = http(b"data", content_type="text/plain")
    with HostileServer() as app, HostileServer() as elsewhere:
        elsewhere.routes["/file"] = lambda _request, _socket: data
        location = f"location: {elsewhere.url}/file"
        app.routes["/gradio_api/file=/srv/a"] = lambda _request, _socket: http(
            b"", "302 Found", headers=[location]
        )
        app.routes["/gradio_api/upload"] = lambda _request, _socket: http(["/srv/a"])
        app.config["components"] = [
            {"id": at, "type": "file", "props": {"name": "file"}} for at in (1, 2)
        ]
        for side in ("parameters", "returns"):
            (described,) = app.info["named_endpoints"]["/predict"][side]
            described |= {"component": "File", "type": FILE}
        meta = {"_type": "gradio.FileData"}
        app.outputs = [{"path": "/srv/a", "orig_name": "a", "meta": meta}]
        async with Space(app.url, http_client=lent, headers={"x-key": "k"}) as space:
            file = await space.call("/predict", x=File(f"{elsewhere.url}/file"))
            assert await file.read() == b"data"
        assert len(elsewhere.requests) == 2
        assert all(map(carries_nothing, elsewhere.requests))
        assert all("x-owner" in request.headers for request in app.requests)


async def test_a_redirect_to_another_port_is_not_followed(lent: httpx.AsyncClient) -> None:
    with HostileServer() as app, HostileServer() as elsewhere:
        location = f"location: {elsewhere.url}/config"
        app.routes["/config"] = lambda _request, _socket: http(b"", "302 Found", headers=[location])
        with pytest.raises(StatusError, match="is redirected to"):
            await Space(app.url, http_client=lent).__aenter__()
        assert elsewhere.requests == []


async def test_a_token_of_the_space_wins_over_the_clients_own_auth(
    lent: httpx.AsyncClient,
) -> None:
    with HostileServer() as app:
        for token in ("alice-token", "bob-token"):
            requests_before = len(app.requests)
            auth = Auth(token=token, hosts=["127.0.0.1"])
            async with Space(app.url, auth=auth, http_client=lent) as space:
                await space.call("/predict", x="hi")
            sent = {request.headers["authorization"] for request in app.requests[requests_before:]}
            assert sent == {f"Bearer {token}"}
        header = {"Authorization": "Bearer given"}
        requests_before = len(app.requests)
        async with Space(app.url, headers=header, http_client=lent):
            pass
        sent = {request.headers["authorization"] for request in app.requests[requests_before:]}
        assert sent == {"Bearer given"}


def named_by(hub: HostileServer, app: HostileServer) -> None:
    """Let `hub` say that the Space a/b is `app`."""
    host = http({"subdomain": "a-b", "host": app.url}, headers=["set-cookie: hub=1; Path=/"])
    hub.routes["/api/spaces/a/b/host"] = lambda _request, _socket: host
    runtime = http({"stage": "RUNNING", "hardware": {"current": None, "requested": None}})
    hub.routes["/api/spaces/a/b/runtime"] = lambda _request, _socket: runtime


async def test_the_hub_that_names_an_app_sees_nothing_for_the_app(
    lent: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HostileServer() as hub, app_with_login() as app:
        named_by(hub, app)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        lent.cookies.set("access-token", "callers", domain="127.0.0.1")
        async with Space("a/b", http_client=lent, headers={"x-key": "k"}) as space:
            await space.call("/predict", x="hi")
        assert hub.requests
        assert all(map(carries_nothing, hub.requests))
        assert "hub=1" not in {cookie for request in app.requests for cookie in cookies(request)}


async def test_an_app_that_the_hub_visits_sees_nothing_for_the_hub(
    lent: httpx.AsyncClient,
) -> None:
    with HostileServer() as hub, HostileServer() as app:
        named_by(hub, app)
        async with Hub("hf_" + "t" * 20, hub.url, http_client=lent) as opened:
            await opened.wait_until_ready("a/b", timeout=10)
        assert {request.headers["authorization"] for request in hub.requests} == {
            "Bearer hf_" + "t" * 20
        }
        assert app.requests
        assert "authorization" not in app.requests[0].headers or (
            # On another port of the host that the token is for, it is the token's own host.
            app.requests[0].headers["authorization"] == "Bearer hf_" + "t" * 20
        )
        assert "x-owner" not in app.requests[0].headers
        assert cookies(app.requests[0]) == set()


async def test_inference_on_the_same_client_keeps_its_key_to_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sets = ["set-cookie: router=1; Path=/"]
    answer = {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}],
        "model": "m",
    }
    with HostileServer() as router, HostileServer() as hub, app_with_login() as app:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        router.routes["/v1/chat/completions"] = lambda _request, _socket: http(answer, headers=sets)
        async with httpx.AsyncClient(headers={"x-owner": "secret"}) as client:
            for key in ("alice-key", "bob-key"):
                requests_before = len(router.requests)
                connecting = HuggingFaceInference.connect(
                    f"{router.url}/v1", api_key=key, http_client=client
                )
                async with connecting as inference:
                    await inference.chat("hi", model="a/m", stream=False)
                sent = router.requests[requests_before:]
                assert {request.headers["authorization"] for request in sent} == {f"Bearer {key}"}
                assert all(not cookies(request) for request in sent)
            async with signed_in("bob", client, app.url) as space:
                await space.call("/predict", x="hi")
            assert all("authorization" not in request.headers for request in app.requests)
            assert users_of(app.requests) == {"access-token=bob"}
            assert not client.cookies
        assert all("x-owner" not in request.headers for request in hub.requests)


async def test_users_do_not_meet_while_a_cassette_is_recorded(tmp_path: Path) -> None:
    with app_with_login() as app:
        with use_cassette(tmp_path / "c.json", mode="rewrite"):
            async with httpx.AsyncClient() as client:
                for user in ("alice", "bob"):
                    auth = Auth(username=user, password=PASSWORDS[user])
                    for lent in (client, None):
                        requests_before = len(app.requests)
                        async with Space(app.url, auth=auth, http_client=lent) as space:
                            await space.call("/predict", x="hi")
                        assert users_of(app.requests[requests_before:]) == {f"access-token={user}"}
        assert "access-token=" not in json.dumps((tmp_path / "c.json").read_text())


async def test_a_view_shares_all_of_a_client_but_its_cookies() -> None:
    class Counting(httpx.AsyncClient):
        sent = 0

        async def send(self, request: httpx.Request, **options: object) -> httpx.Response:
            self.sent += 1
            self.cookies = {"a": "subclass"}
            return await super().send(request, **options)  # type: ignore[arg-type]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"set-cookie": "a=server"})

    async with Counting(transport=httpx.MockTransport(answer), cookies={"a": "own"}) as client:
        view = without_cookies(client)
        assert without_cookies(view) is view
        assert isinstance(view, Counting)
        response = await view.get("http://a/")
        assert "cookie" not in response.request.headers
        assert client.sent == 1
        assert dict(client.cookies) == {"a": "own"}
        client.headers["x-late"] = "1"
        assert (await view.get("http://a/")).request.headers["x-late"] == "1"
    assert view.is_closed
