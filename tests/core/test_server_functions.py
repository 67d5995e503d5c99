"""The functions that components call on the server, found in /config."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.gradio_requests import JobInputs, component_server, deep_link
from spacecall._core.job_outcomes import read_used_cache
from spacecall._core.messages import ProcessCompleted, read_message
from spacecall._core.server_functions import find_server_function
from spacecall.errors import InvalidInputError, NotFoundError
from tests.core.apps import protocol_app


def component(number: Any, functions: Any, **props: Any) -> dict[str, Any]:
    return {"id": number, "type": "x", "props": {"server_fns": functions, **props}}


CONFIG: dict[str, Any] = {
    "components": [
        component(1, ["ls"], label="files"),
        component(2, ["ls", "find"], label="shelf", elem_id="books"),
        component(3, ["find"], label="shelf"),
        component(4, [], label="empty"),
        component("x", ["ls"], label="files"),
        component(5, "ls", label="text"),
        5,
    ]
}


@pytest.mark.parametrize(("name", "number"), [("files", 1), ("books", 2), (3, 3)])
def test_a_component_is_found_by_its_names(name: str | int, number: int) -> None:
    functions = {1: "ls", 2: "find", 3: "find"}
    found = find_server_function(CONFIG, name, functions[number])
    assert (found.outputs[0].id, found.server_function) == (number, functions[number])
    assert (found.queued, found.name, found.stateful) == (False, None, False)
    assert found.fill_slots(["x"]) == ["x"]


@pytest.mark.parametrize(
    ("name", "function", "error", "text"),
    [
        ("file", "ls", NotFoundError, "did you mean files"),
        ("empty", "ls", NotFoundError, "there is files, shelf, books, shelf"),
        (9, "ls", NotFoundError, "no component with server functions is 9"),
        ("shelf", "ls", InvalidInputError, "give the id of one, from Space.config: 2, 3"),
        ("files", "lss", NotFoundError, "did you mean ls"),
        ("files", "open", NotFoundError, "it has ls"),
    ],
)
def test_what_is_not_there_is_named(
    name: str | int, function: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        find_server_function(CONFIG, name, function)


def test_long_lists_are_cut() -> None:
    config = {"components": [component(n, ["f"], label=f"c{n}") for n in range(50)]}
    with pytest.raises(NotFoundError, match="c9, …"):
        find_server_function(config, "zzz", "f")
    for empty in ({}, {"components": 5}):
        with pytest.raises(NotFoundError, match="no component of the app has any"):
            find_server_function(empty, "x", "f")


def test_the_requests_of_a_page() -> None:
    app, _ = protocol_app("6.31.0")
    function = find_server_function(CONFIG, "files", "ls")
    request = component_server(app, function, JobInputs([["a"]]), "hash")
    assert request.path == f"{app.api_prefix}/component_server"
    assert request.json == {
        "data": ["a"],
        "fn_name": "ls",
        "component_id": 1,
        "session_hash": "hash",
    }
    link = deep_link(app, "hash")
    assert (link.method, link.path) == ("GET", f"{app.api_prefix}/deep_link")
    assert link.query == {"session_hash": "hash"}


@pytest.mark.parametrize(
    ("message", "used_cache"),
    [
        ({}, None),
        ({"used_cache": "full"}, "full"),
        ({"output": {"data": [], "used_cache": "partial"}}, "partial"),
        ({"used_cache": "other"}, None),
    ],
)
def test_a_result_says_whether_it_is_from_the_cache(
    message: dict[str, Any], used_cache: str | None
) -> None:
    completed = read_message({"msg": "process_completed", **message})
    assert isinstance(completed, ProcessCompleted)
    assert read_used_cache(completed) == used_cache
