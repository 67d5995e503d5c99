"""How endpoints' names are spelled, found and put into a URL."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.endpoint_names import (
    api_name_of,
    endpoint_name,
    match_endpoint,
    url_segment,
    with_slash,
)

TEXT = st.text(st.sampled_from("a/%. ?#\\é\n\ud800"), max_size=5)


@given(TEXT)
def test_a_name_and_its_api_name_lead_to_each_other(api_name: str) -> None:
    assert api_name_of(endpoint_name(api_name)) == api_name


@pytest.mark.parametrize("spelling", ["predict", "/predict", "//predict", "///predict"])
@pytest.mark.parametrize("name", ["/predict", "//predict"])
def test_slashes_in_front_do_not_count_where_one_endpoint_is_meant(
    spelling: str, name: str
) -> None:
    assert match_endpoint(spelling, [name, "/Predict", "/predict/"]) == name


def test_an_exact_name_wins_and_then_the_author_s_spelling() -> None:
    names = ["//predict", "/predict"]
    assert match_endpoint("/predict", names) == "/predict"
    assert match_endpoint("//predict", names) == "//predict"
    assert match_endpoint("predict", names) == "/predict"
    assert match_endpoint("/predict", ["//predict", "///predict"]) == "//predict"


def test_a_spelling_that_could_mean_several_means_none() -> None:
    assert match_endpoint("predict", ["//predict", "///predict"]) is None
    assert match_endpoint("////predict", ["//predict", "/predict"]) is None


@pytest.mark.parametrize("spelling", ["PREDICT", "predict ", "predict/", "pre/dict", "", "/"])
def test_nothing_but_slashes_in_front_is_forgiven(spelling: str) -> None:
    assert match_endpoint(spelling, ["/predict"]) is None


def test_messages_show_a_spelling_with_its_slash() -> None:
    spellings = ["predict", "/predict", "//predict", ""]
    assert [*map(with_slash, spellings)] == ["/predict", "/predict", "//predict", "/"]


def test_an_empty_api_name_is_an_endpoint() -> None:
    assert match_endpoint("/", ["/"]) == match_endpoint("", ["/"]) == "/"


@given(TEXT, st.lists(TEXT.map(endpoint_name), max_size=4))
def test_every_endpoint_is_found_by_its_own_name(api_name: str, names: list[str]) -> None:
    name = endpoint_name(api_name)
    assert match_endpoint(name, [*names, name]) == name


@pytest.mark.parametrize(
    ("api_name", "segment"),
    [
        ("predict", "predict"),
        ("with space", "with%20space"),
        ("per%cent", "per%25cent"),
        ("a%2Fb", "a%252Fb"),
        ("v1.2", "v1.2"),
        ("q?x=1#h", "q%3Fx%3D1%23h"),
        ("ü", "%C3%BC"),
    ],
)
def test_a_name_is_quoted_as_one_segment(api_name: str, segment: str) -> None:
    assert url_segment(api_name) == segment


@pytest.mark.parametrize(
    "api_name", ["", "/", "/a", "a/b", "a/", ".", "..", "a\nb", "\x7f", "\x00", "\ud800"]
)
def test_a_name_that_servers_would_read_differently_has_no_segment(api_name: str) -> None:
    assert url_segment(api_name) is None


@given(TEXT)
def test_a_segment_is_read_as_the_name(api_name: str) -> None:
    segment = url_segment(api_name)
    assert segment is None or ("/" not in segment and unquote(segment) == api_name)
