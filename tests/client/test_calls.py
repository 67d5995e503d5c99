"""Calls by name: arguments in, values out."""

from __future__ import annotations

import math

import pytest

from spacecall import (
    InvalidInputError,
    NotFoundError,
    Space,
)
from tests.client.tools import logged, unique
from tests.servers import GRADIO_6, AppServer

TABLE = {"headers": ["a"], "data": [["1"]], "metadata": None}
CHOSEN = ["y", ["x"], "one", ["c1"], 6, True, TABLE, {"k": [1]}]
"""Arguments of `/widgets`; `/update` leaves other choices than "y"."""


async def test_one_output_gives_its_value(space: Space) -> None:
    assert await space.call("/echo", text="hi") == "hi"


async def test_the_slash_may_be_left_out(space: Space) -> None:
    assert await space.call("echo", text="hi") == "hi"


async def test_an_argument_left_out_takes_its_default(space: Space) -> None:
    assert await space.call("/add", a=1) == 11
    assert await space.call("/add", a=1, b=2.5) == 3.5


async def test_several_outputs_give_a_tuple(space: Space) -> None:
    assert await space.call("/stream_edit", text="x") == ({"only": None}, "end")


async def test_no_output_gives_none(space: Space, protocol_app: AppServer) -> None:
    sent = str(unique(1))
    assert await space.call("/nothing", text=sent) is None
    await logged(protocol_app, f"nothing {sent}")


async def test_text_of_every_kind_comes_back_unchanged(space: Space) -> None:
    text = "line\nline\r\n\u2028\u2029\x85 \U0001f600 \u0000 é 漢 \" ' \\ <b>&amp;</b>"
    assert await space.call("/echo", text=text) == text


async def test_what_is_no_json_number_comes_as_none(space: Space) -> None:
    value, number = await space.call("/nan", text="x")
    assert value == {"nan": None, "inf": None, "text": "line1\nline2\u2028 \U0001f600"}
    assert number is None or math.isnan(number)


async def test_hidden_components_are_ordinary_parameters(space: Space) -> None:
    assert await space.call("/hidden_in", a="a", h="b") == "a|b"


async def test_functions_without_a_name_of_their_own_are_called_by_gradios(space: Space) -> None:
    assert await space.call("/lambda", x="a") == "l1 a"
    assert await space.call("/lambda_1", x="a") == "l2 a"


async def test_a_second_function_of_the_same_name_has_a_number(space: Space) -> None:
    assert await space.call("/echo_1", n=3) == 2


async def test_component_updates_give_the_value_they_set(space: Space) -> None:
    assert await space.call("/update", text="x") == ("upd x", "q")


async def test_plain_functions_are_called_with_their_own_types(space: Space) -> None:
    assert await space.call("/api_fn", a=2, b=["x", "y"]) == {"x": 2, "y": 2}


async def test_every_widget_takes_its_value(space: Space) -> None:
    summary, frame, got = await space.call(
        "/widgets",
        dd="z",
        ddm=["x", "y"],
        radio="one",
        cbg=["c1"],
        slider=6,
        cb=True,
        df={"headers": ["name", "age"], "data": [["Ada", 36]], "metadata": None},
        js={"deep": [1, None]},
    )
    assert summary == repr(
        ["z", ["x", "y"], "one", ["c1"], 6, True, "DataFrame", {"deep": [1, None]}]
    )
    assert frame["data"] == [["Ada", 36]]
    assert got == {"got": {"deep": [1, None]}}


async def test_a_batched_function_is_called_with_one_value(space: Space) -> None:
    assert await space.call("/batch", texts="x") == "X"


async def test_what_a_validator_refuses_is_invalid_input(space: Space) -> None:
    assert await space.call("/validated", text="good") == "good"
    with pytest.raises(InvalidInputError, match="must not be bad") as caught:
        await space.call("/validated", text="bad")
    assert caught.value.status == 422
    assert caught.value.endpoint == "/validated"
    assert caught.value.space == space.url


async def test_wrong_arguments_are_found_before_anything_is_sent(space: Space) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await space.call("/add", b="ten", c=3)
    assert caught.value.status is None
    assert len(caught.value.problems) == 3
    for word in ("a is missing", "expected a number, got str 'ten'", "c is not a parameter"):
        assert word in caught.value.message


async def test_a_choice_that_does_not_exist_is_invalid_input(space: Space) -> None:
    with pytest.raises(InvalidInputError, match="'three' is not one of 'one', 'two'"):
        await space.call("/widgets", radio="three", df=None, js=None, cbg=[], cb=False)


async def test_a_number_out_of_range_is_invalid_input(space: Space) -> None:
    with pytest.raises(InvalidInputError, match=r"slider: .*21"):
        await space.call("/widgets", slider=21, radio="one", df=None, js=None, cbg=[], cb=False)


async def test_an_unknown_endpoint_names_the_nearest(space: Space) -> None:
    with pytest.raises(NotFoundError, match=r"did you mean .*/echo") as caught:
        await space.call("/ecko", text="x")
    assert caught.value.endpoint == "/ecko"


async def test_the_endpoints_are_those_that_the_app_documents(space: Space) -> None:
    assert {"/echo", "/add", "/lambda_1", "/api_fn", "/chat"} <= set(space.endpoints)
    assert "/private" not in space.endpoints
    add = space.endpoints["/add"]
    assert [parameter.name for parameter in add.parameters] == ["a", "b"]
    assert [parameter.required for parameter in add.parameters] == [True, False]
    assert space.endpoints["/chat"].stateful
    assert space.endpoints["/stream_text"].streaming
    assert not space.endpoints["/noqueue"].queued


async def test_an_app_is_described_when_it_is_first_needed(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url, describe=False) as space:
        with pytest.raises(RuntimeError, match="describe"):
            _ = space.endpoints
        assert await space.call("/echo", text="x") == "x"
        assert "/echo" in space.endpoints


async def test_results_from_the_apps_cache_are_results(protocol_app_6: AppServer) -> None:
    assert protocol_app_6.version == GRADIO_6
    async with Space(protocol_app_6.url) as space:
        text = str(unique(1))
        assert [await space.call("/cached", x=text) for _ in range(2)] == [f"c {text}"] * 2


async def test_choices_that_one_call_changes_are_not_those_of_the_next(space: Space) -> None:
    """Gradio keeps them for the session, which a later call of somebody else may be given."""
    parameters = space.endpoints["/widgets"].parameters
    chosen = dict(zip((parameter.name for parameter in parameters), CHOSEN, strict=True))
    for _ in range(3):
        assert await space.call("/update", text="x") == ("upd x", "q")
        text, *_ = await space.call("/widgets", **chosen)
        assert text.startswith("['y', ")
