"""Where an app is: ids, pages of the Hub, addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.app_sources import base_url, space_id
from spacecall.errors import InvalidInputError


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("owner/name", "owner/name"),
        ("Qwen/QVQ-72B-preview", "Qwen/QVQ-72B-preview"),
        ("a/b_c.d-1", "a/b_c.d-1"),
        ("https://huggingface.co/spaces/owner/name", "owner/name"),
        ("https://huggingface.co/spaces/owner/name/", "owner/name"),
        ("https://www.huggingface.co/spaces/owner/name/tree/main", "owner/name"),
        ("https://hf.co/spaces/owner/name?logs=build#top", "owner/name"),
        ("http://huggingface.co/spaces/owner/name", "owner/name"),
    ],
)
def test_an_id_and_a_page_of_the_hub_name_a_space(source: str, expected: str) -> None:
    assert space_id(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "name",
        "owner/name/more",
        "/owner/name",
        "owner/",
        "../name",
        "owner name/x",
        "http://127.0.0.1:7860",
        "https://owner-name.hf.space",
        "https://huggingface.co/owner/name",
        "https://huggingface.co/spaces/owner",
        "https://huggingface.co/spaces/-/-",
        "https://huggingface.co.example.com/spaces/owner/name",
        "",
    ],
)
def test_anything_else_names_no_space(source: str) -> None:
    assert space_id(source) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("http://127.0.0.1:7860", "http://127.0.0.1:7860"),
        ("http://127.0.0.1:7860/", "http://127.0.0.1:7860"),
        ("  https://Example.COM/  ", "https://example.com"),
        ("https://example.com/apps/one/?__theme=light#top", "https://example.com/apps/one"),
        ("http://[::1]:7860/", "http://[::1]:7860"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("HTTPS://example.com:8443", "https://example.com:8443"),
    ],
)
def test_an_address_loses_query_fragment_and_last_slash(source: str, expected: str) -> None:
    assert base_url(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "localhost:7860",
        "ftp://example.com",
        "http://",
        "http:///path",
        "example.com",
        "",
        "not an address",
    ],
)
def test_what_is_no_address_is_refused_and_quoted(source: str) -> None:
    with pytest.raises(InvalidInputError, match="neither a Space id") as caught:
        base_url(source)
    assert repr(source) in caught.value.message


@pytest.mark.parametrize("source", ["http://example.com:port", "http://a:99999", "http://[::1"])
def test_a_broken_port_or_host_is_refused(source: str) -> None:
    with pytest.raises(InvalidInputError, match="invalid URL"):
        base_url(source)


@pytest.mark.parametrize("source", ["http://example.com:0", "https://[::1]:0/app", "http://a:00"])
def test_the_port_0_is_refused(source: str) -> None:
    with pytest.raises(InvalidInputError, match="has the port 0: write the port that the app"):
        base_url(source)


@pytest.mark.parametrize(
    "source",
    [
        "https://me:hunter2@example.com",
        "https://hunter2@example.com/path",
        "https://:hunter2@example.com",
        "ftp://me:hunter2@example.com",
        "http://me:hunter2@",
    ],
)
def test_credentials_in_the_address_are_refused_and_not_repeated(source: str) -> None:
    with pytest.raises(InvalidInputError, match="auth=Auth") as caught:
        base_url(source)
    assert "hunter2" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_refused(source: str) -> None:
    try:
        url = base_url(source)
    except InvalidInputError:
        return
    assert base_url(url) == url
