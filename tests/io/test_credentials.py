"""Which host sees the token."""

from __future__ import annotations

import pytest

from spacecall import Auth, AuthError, InvalidInputError
from spacecall._io.credentials import hub_endpoint, parse_origin, token_header, user_token

BEARER = {"authorization": "Bearer t0ken"}
TO_A_SPACE = {"x-hf-authorization": "Bearer t0ken"}


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://huggingface.co/api/spaces/a/b", BEARER),
        ("https://owner-name.hf.space/config", TO_A_SPACE),
        ("https://OWNER-NAME.HF.SPACE/config", TO_A_SPACE),
        ("https://router.huggingface.co/v1/chat/completions", BEARER),
        ("https://Router.HuggingFace.co/hf-inference/models/a", BEARER),
        # over http, to other ports, to others
        ("http://huggingface.co/api", {}),
        ("https://huggingface.co:8443/api", {}),
        ("http://owner-name.hf.space/config", {}),
        ("https://huggingface.co.example.com/", {}),
        ("https://evil-huggingface.co/", {}),
        ("http://router.huggingface.co/v1/models", {}),
        ("https://router.huggingface.co.example.com/", {}),
        ("https://evilhuggingface.co/", {}),
        ("https://router.huggingface.co@example.com/", {}),
        ("https://hf.space/", {}),
        ("https://hf.space.example.com/", {}),
        ("https://evilhf.space/", {}),
        ("https://example.com/?x=.hf.space", {}),
        ("https://example.com/#.hf.space", {}),
        ("https://owner.hf.space@example.com/", {}),
        ("http://127.0.0.1:7860/", {}),
        ("/config", {}),
        ("", {}),
    ],
)
def test_hugging_face_hosts_see_it_over_https(url: str, headers: dict[str, str]) -> None:
    assert token_header(Auth(token="t0ken"), url) == headers


@pytest.mark.parametrize("auth", [None, Auth(), Auth(username="me", password="secret")])
def test_without_a_token_nobody_sees_one(auth: Auth | None) -> None:
    assert token_header(auth, "https://huggingface.co/") == {}


def test_hosts_that_were_named_see_it_and_no_other() -> None:
    auth = Auth(token="t0ken", hosts=["Apps.Example.com"])
    assert token_header(auth, "https://apps.example.com/x") == BEARER
    assert token_header(auth, "http://APPS.example.com:7860/x") == BEARER
    assert token_header(auth, "https://example.com/x") == {}
    assert token_header(auth, "https://more.apps.example.com/x") == {}


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://hub.example.com:8080/api", BEARER),
        ("https://hub.example.com:8080/api", {}),
        ("http://hub.example.com/api", {}),
        ("https://huggingface.co/api", {}),
        ("https://owner-name.hf.space/config", TO_A_SPACE),
    ],
)
def test_hf_endpoint_is_the_hub(
    monkeypatch: pytest.MonkeyPatch, url: str, headers: dict[str, str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example.com:8080/")
    assert hub_endpoint() == "http://hub.example.com:8080"
    assert token_header(Auth(token="t0ken"), url) == headers


def test_an_empty_hf_endpoint_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "")
    assert hub_endpoint() == "https://huggingface.co"


@pytest.mark.parametrize(
    ("url", "compared", "is_equal"),
    [
        ("http://a/x", "http://a:80/y?z", True),
        ("https://A", "https://a:443", True),
        ("http://a", "https://a", False),
        ("http://a", "http://a:81", False),
        ("http://a", "http://b", False),
        ("http://[::1]:1", "http://[::1]:1/x", True),
    ],
)
def test_origins_are_compared_with_their_default_ports(
    url: str, compared: str, is_equal: bool
) -> None:
    assert (parse_origin(url) == parse_origin(compared)) is is_equal


@pytest.mark.parametrize(
    "address",
    ["hf.co", "//hf.co", "file:///etc/passwd", "https://", "http://[half", "http:/x", "http://h:0"],
)
def test_an_endpoint_that_is_no_address_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(InvalidInputError, match=r"HF_ENDPOINT is .*: use a URL such as"):
        hub_endpoint()


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://app.example", []),
        ("http://app.example", ["app.example"]),
        ("http://127.0.0.1:7860", []),
        ("http://localhost:7860", []),
        ("http://[::1]:7860", []),
        ("https://owner-name.hf.space", []),
    ],
)
def test_a_users_token_is_sent_over_tls_to_loopback_or_to_a_named_host(
    url: str, hosts: list[str]
) -> None:
    assert user_token(Auth(token="hf_hub", hosts=hosts), "hf_user", url) == "hf_user"
    assert user_token(Auth(token="hf_hub", hosts=hosts), None, url) == ("hf_hub" if hosts else None)


def test_a_users_token_is_not_sent_in_plain_text_to_another_machine() -> None:
    for auth in (None, Auth(hosts=["other.example"])):
        with pytest.raises(AuthError, match="use the https address") as caught:
            user_token(auth, "hf_user", "http://app.example")
        assert "hf_user" not in str(caught.value)
