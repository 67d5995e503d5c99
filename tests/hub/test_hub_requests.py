"""Questions to the Hub, answered by a stand-in; and who is told the token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from spacecall import AuthError, InvalidInputError, NotFoundError, RateLimitedError, Retry
from spacecall.hub import Hub, Stage, SyncHub, find_token
from tests.faults.exchanges import unused_port
from tests.hub.fake_hub import NAME, SHA, TOKEN, TOO_MANY, Doors, FakeHub, refusing

ONCE = Retry(attempts=1)
BEARER = f"Bearer {TOKEN}"
Question = Callable[[Hub], Awaitable[object]]


async def test_a_space_is_described(hub: FakeHub) -> None:
    hub.goes("RUNNING_BUILDING")
    async with Hub() as client:
        info = await client.space(NAME)
        runtime = await client.runtime(f"https://huggingface.co/spaces/{NAME}")
        assert await client.host(NAME) == hub.host
    assert (info.id, info.private, info.sha) == (NAME, False, SHA)
    assert (info.sdk, info.sdk_version) == ("gradio", "5.50.0")
    assert info.runtime == runtime
    assert (runtime.stage, runtime.hardware) == (Stage.RUNNING_BUILDING, "zero-a10g")
    assert [path for path, _ in hub.questions] == [
        f"/api/spaces/{NAME}",
        f"/api/spaces/{NAME}/runtime",
        f"/api/spaces/{NAME}/host",
    ]


async def test_a_jwt_is_asked_for_until_a_time(hub: FakeHub) -> None:
    until = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    async with Hub(TOKEN) as client:
        assert await client.jwt(NAME, until) == "jwt.of.owner-name"
        await client.jwt(NAME)
    first, second = (request.query for request in hub.requests)
    assert first == {"expiration": "2026-01-02T03:04:05.000Z", "include_pro_status": "true"}
    ahead = datetime.fromisoformat(second["expiration"]) - datetime.now(UTC)
    assert 500 < ahead.total_seconds() <= 600


async def test_the_quota_is_that_of_the_token(hub: FakeHub) -> None:
    async with Hub(TOKEN) as client:
        quota = await client.zero_gpu_quota()
    assert (quota.total, quota.remaining) == (300, 260.5)
    assert quota.resets_at == datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert hub.questions == [("/api/spaces/zero-gpu/quota", BEARER)]


@pytest.mark.parametrize(
    ("token", "name", "status", "words"),
    [
        ("", "owner/none", 401, "the Hub has no Space owner/none, or it is private"),
        ("hf_wrong", NAME, 401, "the Hub refuses the token: it is invalid or has expired"),
        (TOKEN, "owner/none", 404, "no Space owner/none, or the token may not see it"),
    ],
)
@pytest.mark.parametrize("question", ["space", "runtime", "host", "jwt", "wait_until_ready"])
async def test_refusals_are_told_apart(
    hub: FakeHub, question: str, token: str, name: str, status: int, words: str
) -> None:
    async with Hub(token) as client:
        kind = {401: AuthError, 404: NotFoundError}[status]
        with pytest.raises(kind, match=words) as caught:
            await getattr(client, question)(name)
    assert caught.value.status == status
    assert caught.value.space == hub.url
    assert len(hub.requests) == 1
    for credentials in (str(caught.value), repr(caught.value), repr(client)):
        assert token == "" or token not in credentials


async def test_a_private_space_is_seen_with_a_token(hub: FakeHub) -> None:
    hub.private = True
    async with Hub() as client:
        with pytest.raises(AuthError, match="or it is private: pass auth="):
            await client.space(NAME)
    async with Hub(TOKEN) as client:
        assert (await client.space(NAME)).private


async def test_the_quota_without_a_token_is_refused(hub: FakeHub) -> None:
    async with Hub() as client:
        with pytest.raises(AuthError, match="the Hub requires a token"):
            await client.zero_gpu_quota()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "77"}, 77),
        (
            {"ratelimit": '"api";r=0;t=78', "ratelimit_policy": '"fixed window";"api";q=500;w=300'},
            78,
        ),
        ({}, None),
    ],
)
async def test_too_many_requests_say_for_how_long(
    hub: FakeHub, headers: dict[str, str], seconds: float | None
) -> None:
    hub.faults = [refusing(429, TOO_MANY, **headers)]
    async with Hub() as client:
        with pytest.raises(RateLimitedError, match="rate limit is reached") as caught:
            await client.runtime(NAME)
    assert caught.value.retry_after == seconds
    assert "the limit is higher with a token" in caught.value.message
    assert "api requests" in caught.value.body


async def test_a_short_time_is_waited_for(hub: FakeHub) -> None:
    hub.faults = [refusing(429, TOO_MANY, ratelimit='"api";r=0;t=0')] * 2
    async with Hub(retry=Retry(wait_initial=0)) as client:
        assert (await client.runtime(NAME)).stage == "RUNNING"
    assert len(hub.requests) == 3


async def test_what_is_no_space_is_not_asked_for(hub: FakeHub) -> None:
    async with Hub() as client:
        for question in (
            client.space,
            client.host,
            client.runtime,
            client.jwt,
            client.wait_until_ready,
        ):
            with pytest.raises(InvalidInputError, match="'nobody' is not a Space id"):
                await question("nobody")
    assert not hub.requests
    with pytest.raises(RuntimeError, match="the Hub is closed"):
        await client.host(NAME)


async def test_a_token_that_was_found_goes_to_the_hub_and_no_other(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    async with Hub() as client:
        await client.wait_until_ready(NAME)
    assert {bearer for _, bearer in hub.questions} == {BEARER}
    (visit,) = hub.visits
    assert not {"authorization", "x-hf-authorization"} & visit.headers.keys(), "a loopback host"

    hub.requests.clear()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused_port()}")
    async with Hub(endpoint=hub.url) as client:
        await client.host(NAME)
    async with Hub(TOKEN, hub.url) as client:
        await client.host(NAME)
    async with Hub("") as client:
        assert not hub.questions[2:]
    assert [bearer for _, bearer in hub.questions] == [None, BEARER]


async def test_by_their_real_names_the_hub_sees_a_bearer_and_a_space_what_its_proxy_takes_off(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_ENDPOINT")
    hub.private = True
    doors = Doors([("huggingface.co", hub.url), ("owner-name.hf.space", hub.host)])
    hub.host = "https://owner-name.hf.space"
    async with (
        httpx.AsyncClient(transport=doors) as client,
        Hub(TOKEN, http_client=client) as hub_client,
    ):
        assert (await hub_client.wait_until_ready(NAME)).stage == "RUNNING"
    credentials = [
        (
            request.url.host,
            request.headers.get("authorization"),
            request.headers.get("x-hf-authorization"),
        )
        for request in doors.seen
    ]
    assert credentials == [
        ("huggingface.co", BEARER, None),
        ("huggingface.co", BEARER, None),
        ("owner-name.hf.space", None, BEARER),
    ]


def test_a_token_is_looked_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert find_token() is None
    saved = tmp_path / ".cache/huggingface/token"
    saved.parent.mkdir(parents=True)
    saved.write_text("hf_saved\n", encoding="utf-8")
    assert find_token() == "hf_saved"
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text("hf_home", encoding="utf-8")
    monkeypatch.setenv("HF_HOME", str(home))
    assert find_token() == "hf_home"
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    assert find_token() is None
    monkeypatch.setenv("HF_TOKEN", " hf_variable ")
    assert find_token() == "hf_variable"
    assert find_token("hf_given") == "hf_given"
    assert find_token("") is None, "none is wanted"


async def test_without_async_it_is_the_same(hub: FakeHub) -> None:
    import anyio.to_thread

    hub.goes("SLEEPING", "RUNNING")
    stages: list[str] = []

    def ask() -> None:
        with SyncHub(TOKEN) as client:
            assert client.host(NAME) == hub.host
            assert client.wait_until_ready(NAME, interval=0.01, on_stage=stages.append)
            assert client.space(NAME).sdk == "gradio"
            assert client.runtime(NAME).stage is Stage.RUNNING
            assert client.jwt(NAME) == "jwt.of.owner-name"
            assert client.zero_gpu_quota().total == 300
        with pytest.raises(RuntimeError, match="is closed: open it again"):
            client.host(NAME)

    await anyio.to_thread.run_sync(ask)
    assert stages == ["SLEEPING", "RUNNING"]
