"""A Space given by its id: the Hub says where it runs. A stand-in is the Hub here."""

from __future__ import annotations

import pytest

from spacecall import Auth, AuthError, NotFoundError, ProtocolError, Retry, Space, SpaceError
from tests.faults.exchanges import Exchange, Handler, serving
from tests.faults.stub import stub

ONCE = Retry(attempts=1)


def answering(status: int, body: object) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, body)

    return answer


async def test_a_space_is_found_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    exchanges: list[Exchange] = []
    async with stub() as app:

        async def hub(exchange: Exchange) -> None:
            exchanges.append(exchange)
            await exchange.answer(200, {"subdomain": "owner-name", "host": app.url})

        async with serving(hub) as endpoint:
            monkeypatch.setenv("HF_ENDPOINT", endpoint)
            auth = Auth(token="t0ken")
            async with Space(
                "owner/name", auth=auth, headers={"x-api-key": "for the app"}
            ) as space:
                assert space.url == app.url
                assert await space.call("/echo", text="x") == "x"
    (question,) = exchanges
    assert question.path == "/api/spaces/owner/name/host"
    assert question.headers["authorization"] == "Bearer t0ken"
    assert "x-api-key" not in question.headers
    for _, exchange in app.requests:
        assert exchange.headers["x-api-key"] == "for the app"
        assert "authorization" not in exchange.headers, "that host was not named"


@pytest.mark.parametrize(
    ("handler", "kind", "words"),
    [
        (answering(404, {"error": "not found"}), NotFoundError, "the Hub has no Space owner/name"),
        (answering(401, {"error": "Invalid"}), AuthError, "or it is private: pass auth=Auth"),
        (
            answering(200, {"host": None}),
            ProtocolError,
            "the Hub did not answer with a SpaceHost: host",
        ),
        (answering(200, b"<html>"), ProtocolError, "a SpaceHost: Invalid JSON"),
        (answering(200, {"host": "not an address"}), SpaceError, "neither a Space id"),
    ],
)
async def test_what_the_hub_does_not_tell_is_a_typed_error(
    monkeypatch: pytest.MonkeyPatch, handler: Handler, kind: type[SpaceError], words: str
) -> None:
    async with serving(handler) as endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with pytest.raises(kind, match=words):
            async with Space("owner/name", retry=ONCE):
                pytest.fail("it opened")
