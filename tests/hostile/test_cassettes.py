"""Cassettes of strangers are data, and no two tests share a cassette by accident."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from spacecall import Space
from spacecall.cassettes import CassetteError, RecordMode, use_cassette
from spacecall.cassettes._format.cassette_file import BodyFiles, load_cassette
from spacecall.cassettes._format.cassette_json import MAX_DEPTH
from spacecall.cassettes._format.cassette_paths import cassette_path_of, find_name_clashes
from spacecall.cli._app import run
from spacecall.errors import SpaceError
from tests.hostile.server import HostileServer, app_config, app_info

Interaction: TypeAlias = dict[str, Any]
APP = "http://127.0.0.1:1"
NAN, INFINITY = float("nan"), float("inf")
RESULT = {"msg": "process_completed", "event_id": "e", "success": True, "output": {"data": ["x"]}}


def interaction(
    path: str = "/config",
    method: str = "GET",
    *,
    request_body: object = None,
    times: object = (0, 0.1, 0.2),
    **response: Any,
) -> Interaction:
    """Return a valid interaction of an app, with the changes of a test."""
    return {
        "request": {"method": method, "uri": APP + path, "body": request_body or {}, "headers": {}},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-type": ["application/json"]},
            "body": {"json": app_config()},
            "times": times,
            "end": "complete",
            **response,
        },
    }


def job(*events: object) -> list[Interaction]:
    """Return a call of `/predict` with these events, and its result."""
    join = {"json": {"data": ["x"], "fn_index": 0, "session_hash": "s"}}
    stream = "/gradio_api/queue/data?session_hash=s"
    return [
        interaction(),
        interaction("/gradio_api/info", body={"json": app_info()}),
        interaction(
            "/gradio_api/queue/join", "POST", request_body=join, body={"json": {"event_id": "e"}}
        ),
        interaction(stream, body={}, events=[*events, {"at": 1.9, "json": RESULT}]),
    ]


def with_request(**changes: Any) -> Interaction:
    pair = interaction()
    return {**pair, "request": {**pair["request"], **changes}}


def partial_result(value: object) -> Interaction:
    message = {"msg": "process_generating", "event_id": "e", "output": {"data": [value]}}
    return {"at": 1.5, "json": message}


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


STRANGERS: dict[str, list[Any]] = {
    "times are NaN": [interaction(times=[NAN] * 3)],
    "times are infinite": [interaction(times=[0, INFINITY, INFINITY])],
    "times overflow": [interaction(times=[0, 1e308, 1e308]), interaction(times=[-1e308, 0, 0])],
    "times are big": [interaction(times=[0, 10**400, 1])],
    "times are texts": [interaction(times=["0", "1", "2"])],
    "there are two times": [interaction(times=[0, 1])],
    "an event at NaN": job({"at": NAN, "json": {"msg": "process_starts", "event_id": "e"}}),
    "an event at a big number": job({"at": 10**400, "json": {}}),
    "an event at no time": job({"json": {}}),
    "an event is a number": job(7),
    "an event has a name of two lines": job({"at": 1, "event": "a\n\ndata: b", "data": ""}),
    "a value is NaN": job(partial_result(NAN), partial_result([-INFINITY, {"a": INFINITY}])),
    "a value is big": job(partial_result(10**400)),
    "a value is half a character": job(partial_result("\ud800<\udfff")),
    "a value ends a script": job(partial_result("</script><script>alert(1)</script><!--")),
    "a value is deep": job(partial_result(nested(480))),
    "a config is deep": [interaction(body={"json": {**app_config(), "components": nested(480)}})],
    "a config is very deep": [interaction(body={"json": nested(900)})],
    "a version of 5000 digits": [interaction(body={"json": app_config(version="1" * 5000)})],
    "a message of odd types": job({"at": 1, "json": {"msg": ["x"], "event_id": {}}}),
    "a message is a list": job({"at": 1, "json": [1]}),
    "a status is NaN": [interaction(status={"code": NAN})],
    "a status is infinite": [interaction(status={"code": INFINITY})],
    "a status is big": [interaction(status={"code": 10**30})],
    "a status is a list": [interaction(status={"code": []})],
    "a status is none": [interaction(status=[])],
    "an end is unknown": [interaction(end="\x1b]52;c;x\x07")],
    "an end is a list": [interaction(end=[])],
    "a body is outside": [interaction(body={"sha256": "../../../etc/passwd", "size": 1})],
    "a body is missing": [interaction(body={"sha256": "0" * 64, "size": 1})],
    "a hash is a list": [interaction(body={"sha256": ["x"], "size": 1})],
    "a body is not base64": [interaction(body={"base64": "\u00e9"})],
    "a body is of no kind": [interaction(body={"\x1b[31m": 1})],
    "a body is half a character": [interaction(body={"string": "\ud800"})],
    "a request is of no kind": [with_request(body={"string": 5})],
    "a method is a list": [with_request(method=["GET"])],
    "an address is an object": [with_request(uri={})],
    "an address is broken": [with_request(uri="http://[::1/config")],
    "an address is half a character": [with_request(uri="\ud800//:x")],
    "an address is empty": [with_request(uri="")],
    "an address is long": [with_request(uri=APP + "/" * 100_000)],
    "a port is big": [with_request(uri="http://a:99999999/config")],
    "headers of odd types": [with_request(headers={"a": [1, {}], "b": None})],
    "headers are a list": [with_request(headers=[])],
    "headers are empty": [with_request(headers={"a": []})],
    "an interaction is a number": [7],
    "a response is a list": [{**interaction(), "response": []}],
}


def write_cassette(folder: Path, interactions: list[Any], **metadata: object) -> Path:
    path = folder / "c.json"
    path.write_text(json.dumps({"version": 1, "interactions": interactions, **metadata}))
    return path


def spacecall(*arguments: str) -> tuple[int, str]:
    output = StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        status = run([*arguments])
    return status, output.getvalue()


@pytest.mark.parametrize("name", STRANGERS)
def test_a_cassette_of_a_stranger_is_shown_or_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_cassette(tmp_path, STRANGERS[name])
    for command in (["show"], ["show", "--html", "page.html"], ["validate"]):
        status, output = spacecall("cassettes", command[0], "c.json", *command[1:])
        assert status in (0, 1, 2), output
        assert "Traceback" not in output
        assert "\x1b]" not in output
        if status == 2:
            assert "c.json" in output or "interaction" in output or "body" in output
    if (page := tmp_path / "page.html").exists():
        assert "<script" not in page.read_text().lower()


@pytest.mark.parametrize("name", STRANGERS)
async def test_a_cassette_of_a_stranger_is_replayed_or_a_typed_error(
    name: str, tmp_path: Path
) -> None:
    path = write_cassette(tmp_path, STRANGERS[name])
    try:
        with use_cassette(path, assert_all_used=False):
            async with Space(APP) as space:
                await space.call("/predict", x="x")
    except SpaceError:
        pass


def test_metadata_may_be_anything(tmp_path: Path) -> None:
    values: list[Any] = [[], {"a": 1}, {"a": [[], "/predict"]}, "x", {"\ud800": None}]
    for schemas in values:
        path = write_cassette(tmp_path, [interaction()], metadata={"schemas": schemas, "apps": 1})
        with use_cassette(path, assert_all_used=False):
            pass
        assert spacecall("cassettes", "show", str(path))[0] == 0
    for metadata in values[0], "x", 5:
        path = write_cassette(tmp_path, [interaction()], metadata=metadata)
        assert load_cassette(path)[1] == {}


def test_the_error_of_an_invalid_cassette_names_the_location(tmp_path: Path) -> None:
    path = write_cassette(tmp_path, [interaction(), interaction(times=[0, NAN, 1])])
    with pytest.raises(CassetteError, match=r"c\.json, interaction 2: a time must be from 0 to"):
        load_cassette(path)


@pytest.mark.parametrize(
    "value",
    [
        nested(MAX_DEPTH - 3),
        nested(MAX_DEPTH - 2),
        nested(MAX_DEPTH + 60),
        "\ud800",
        "a\udfffb",
        "\U0001f600 \u2028",
        "\ud83d x",
        NAN,
    ],
    ids=["flat", "deep", "deeper", "half", "other half", "pair", "broken pair", "NaN"],
)
async def test_odd_values_are_recorded_and_replayed_as_they_were(
    value: object, tmp_path: Path
) -> None:
    path = tmp_path / "odd.json"
    with HostileServer(config=app_config(odd=value), outputs=[value]) as server:
        results: list[object] = []
        modes: tuple[RecordMode, ...] = ("once", "none")
        for mode in modes:
            with use_cassette(path, mode=mode):
                async with Space(server.url) as space:
                    results.append(await space.call("/predict", x="x"))
        assert json.dumps(results[0]) == json.dumps(results[1]) == json.dumps(value)
    assert path.read_bytes().decode()
    bodies = [
        BodyFiles(path).read(exchange.body)
        for exchange in load_cassette(path)[0]
        if exchange.events is None
    ]
    assert json.dumps(json.loads(bodies[0])["odd"]) == json.dumps(value)


def names(tests: list[str], classes: tuple[str, ...] = ()) -> set[str]:
    return {cassette_path_of("test_mine", classes, test).casefold() for test in tests}


def test_tests_that_differ_have_cassettes_that_differ() -> None:
    ids = ["a/b", "a:b", "a b", "a-b", "a,b", "a", "A", "é", "e\u0301", "a.", ".a", "a--b", "", "%"]
    ids += ["ſ", "s", "ß", "ss", "ﬁ", "fi", "../x", "x\0", "\ud800", "CON", "x" * 300, "x" * 301]
    tests = ["test_it", *(f"test_it[{name}]" for name in ids)]
    assert len(names(tests)) == len(tests)
    assert names(["test_it"], ("TestOne",)).isdisjoint(names(["test_it"], ("TestTwo",)))
    assert names(["test_it"], ("TestOne",)).isdisjoint(names(["test_it"]))


def test_plain_names_are_unchanged() -> None:
    assert cassette_path_of("test_mine", [], "test_it") == "test_mine/test_it"
    assert cassette_path_of("test_mine", [], "test_it[asyncio]") == "test_mine/test_it-asyncio"
    assert cassette_path_of("test_mine", ["TestA"], "test_it") == "test_mine/TestA/test_it"


@pytest.mark.parametrize("name", ["con", "x[../../y]", "test_it[a\\b]", "x" * 999, "é" * 999])
def test_no_name_leaves_its_folder_or_is_a_device(name: str) -> None:
    *folders, test = cassette_path_of("aux", ["NUL"], name).split("/")
    assert len(folders) == 2
    for part in (*folders, test):
        assert part.lower() not in ("con", "aux", "nul", ".", "..")
        assert len(part.encode()) <= 120
        assert "\\" not in part


def test_tests_that_would_share_a_cassette_are_named() -> None:
    here = Path("cassettes")
    assert find_name_clashes([("a", here / "x.json", False), ("b", here / "y.json", False)]) == {}
    assert find_name_clashes([("a", here / "x.json", True), ("b", here / "x.json", True)]) == {}
    assert find_name_clashes([("a", here / "x.json", False), ("a", here / "x.json", False)]) == {}
    for first, second in (("x", "x"), ("x", "X"), ("\u00e9", "e\u0301")):
        problems = find_name_clashes(
            [("a", here / f"{first}.json", False), ("b", here / f"{second}.json", False)]
        )
        assert set(problems) == {"a", "b"}
        assert "a and b would share" in problems["a"]
    assert find_name_clashes([("a", here / "x.json", True), ("b", here / "X.json", True)])
