from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.message_models import convert_fields
from spacecall._core.messages import (
    Estimation,
    Heartbeat,
    JobOutput,
    KnownMessage,
    ProcessCompleted,
    ProcessGenerating,
    ProcessStarts,
    read_message,
)
from spacecall._core.queue_messages import (
    MalformedMessage,
    UnknownMessage,
    parse_message,
    parse_stream_message,
)
from spacecall.errors import ProtocolError
from tests.protocol.captures import case, events, queue_messages, schema, streams

RECORDED = list(queue_messages())


def test_every_recorded_message_is_parsed_to_its_kind() -> None:
    for source, text in RECORDED:
        fields = json.loads(text)
        message = parse_message(text)
        assert message.msg == fields["msg"], source
        assert not isinstance(message, (UnknownMessage, MalformedMessage)), source
        assert parse_message(text.encode()) == message, source
        assert message.event_id == fields.get("event_id"), source


def test_recorded_messages_are_read_without_the_models_as_with_them() -> None:
    for source, text in RECORDED:
        fields = json.loads(text)
        message = read_message(fields)
        assert message is not None, source
        assert read_message(convert_fields(fields)) == message, source


def test_the_models_have_all_fields_of_recorded_messages() -> None:
    for source, text in RECORDED:
        fields = json.loads(text)
        assert convert_fields(fields) == fields, source


@given(st.sampled_from(RECORDED), st.data())
def test_a_message_of_any_types_is_read_without_the_models_as_with_them(
    recorded: tuple[str, str], data: st.DataObject
) -> None:
    fields = json.loads(recorded[1])
    parent = fields["output"] if data.draw(st.booleans()) and fields.get("output") else fields
    parent[data.draw(st.sampled_from(sorted(parent.keys() - {"msg"}) or ["event_id"]))] = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=2)
    )
    message = read_message(fields)
    try:
        converted = read_message(convert_fields(fields))
    except ValueError:
        return  # a field that is not read may be invalid
    assert converted is not None
    assert message is None or message == converted


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"msg": "estimation", "rank": 2.0}, Estimation(rank=2)),
        ({"msg": "estimation", "rank": "2"}, Estimation(rank=2)),
        ({"msg": "process_starts", "eta": "1.5"}, ProcessStarts(eta=1.5)),
        ({"msg": "process_starts", "eta": 2}, ProcessStarts(eta=2.0)),
        ({"msg": "process_completed", "success": 1}, ProcessCompleted(success=True)),
    ],
)
def test_fields_of_other_types_are_converted(
    fields: dict[str, Any], expected: KnownMessage
) -> None:
    message = parse_message(json.dumps(fields))
    assert message == expected
    assert list(map(type, message)) == list(map(type, expected))


def test_the_recordings_hold_every_kind_of_message() -> None:
    kinds = {model["properties"]["msg"]["const"] for model in _kinds()}
    assert {json.loads(text)["msg"] for _, text in RECORDED} == kinds


def _kinds() -> list[dict[str, Any]]:
    root = schema("queue-data")
    return [root["$defs"][reference["$ref"].rpartition("/")[2]] for reference in root["oneOf"]]


@pytest.mark.parametrize("model", _kinds(), ids=lambda model: model["title"])
def test_every_kind_of_the_schema_is_known(model: dict[str, Any]) -> None:
    least = dict.fromkeys(model["required"], "x")
    message = parse_message(json.dumps({**least, "msg": model["properties"]["msg"]["const"]}))
    assert message.msg == model["properties"]["msg"]["const"]
    assert not isinstance(message, UnknownMessage)


def test_diffs_stay_as_json_gives_them() -> None:
    message = parse_message(
        '{"msg":"process_generating","output":{"data":[[["append",[0,"a"],"é"],["delete",[1],null]]]}}'
    )
    assert isinstance(message, ProcessGenerating)
    assert message.output is not None
    assert message.output.data == [[["append", [0, "a"], "é"], ["delete", [1], None]]]


def test_a_cancelled_job_is_told_from_one_that_failed_without_a_reason() -> None:
    cancelled = parse_message(
        '{"msg":"process_completed","event_id":"a","output":{},"success":true}'
    )
    failed = parse_message('{"msg":"process_completed","output":{"error":null},"success":false}')
    assert isinstance(cancelled, ProcessCompleted)
    assert isinstance(failed, ProcessCompleted)
    assert cancelled.output is not None
    assert failed.output is not None
    assert cancelled.output == failed.output == JobOutput()
    assert (cancelled.success, failed.success) == (True, False)


def test_a_completion_may_have_no_output() -> None:
    message = parse_message('{"msg":"process_completed","output":null,"success":false}')
    assert isinstance(message, ProcessCompleted)
    assert message.output is None


def test_an_error_may_be_any_json() -> None:
    message = parse_message(
        '{"msg":"process_completed","output":{"error":{"code":1}},"success":false}'
    )
    assert isinstance(message, ProcessCompleted)
    assert message.output is not None
    assert message.output.error == {"code": 1}


@pytest.mark.parametrize("text", [' {"msg":"heartbeat"}', '{"msg":"heartbeat"}\n'])
def test_white_space_around_a_message_is_passed_over(text: str) -> None:
    assert parse_message(text) == parse_stream_message(text) == Heartbeat()


def test_a_field_that_is_not_read_may_be_invalid() -> None:
    text = '{"msg":"process_completed","output":{"data":[],"average_duration":"?"}}'
    assert parse_message(text) == ProcessCompleted(output=JobOutput(data=[]))


def test_fields_that_are_not_known_are_passed_over() -> None:
    message = parse_message('{"msg":"heartbeat","event_id":null,"interval":15}')
    assert message == Heartbeat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"msg":"process_paused","event_id":"a"}', UnknownMessage("process_paused", "a")),
        ('{"msg":"process_paused","event_id":7}', UnknownMessage("process_paused", None)),
        ('{"event_id":"a"}', UnknownMessage("", "a")),
        ('{"msg":null}', UnknownMessage("", None)),
        ('{"msg":["log"]}', UnknownMessage("", None)),
        ("{}", UnknownMessage("", None)),
    ],
)
def test_a_kind_that_is_not_known_is_told_from_a_broken_message(
    text: str, expected: UnknownMessage
) -> None:
    assert parse_message(text) == expected
    assert parse_message(text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "reason_pattern"),
    [
        ("", "not JSON"),
        ("ALIVE", "not JSON"),
        ('{"msg":"log"', "not JSON"),
        (b'{"msg":"\xff"}', "not JSON"),
        ("[" * 200_000, "nested too deeply"),
        (f'{{"msg":"log","log":{"9" * 5000}}}', "a number of more than 4300 digits"),
        ('{"log":{"event_id":"a"},"msg":"event_id"', "not JSON"),
        ('{"event_id":"a\\u0062"', "not JSON"),
        ('{"event_id":["a"]', "not JSON"),
        ('{"event_id":\\', "not JSON"),
        ('["msg"]', "not a JSON object"),
        ("null", "not a JSON object"),
        ('"heartbeat"', "not a JSON object"),
        (
            '{"msg":"log","level":"info"}',
            "log message from the server is invalid at 'log': Field required",
        ),
        (
            '{"msg":"estimation","rank":"first"}',
            "estimation message from the server is invalid at 'rank'",
        ),
        ('{"msg":"process_completed","output":[1]}', "is invalid at 'output'"),
        ('{"msg":"progress","progress_data":[{},{"index":"x"}]}', "'progress_data.1.index'"),
    ],
)
def test_a_broken_message_is_a_protocol_error_that_says_what_is_wrong(
    text: str | bytes, reason_pattern: str
) -> None:
    with pytest.raises(ProtocolError, match=reason_pattern):
        parse_message(text)


# Until Python 3.13 json counts levels; since 3.14 it reads as deep as the stack allows.
COUNTS_LEVELS = sys.version_info < (3, 14)
TOO_DEEP = 2000 if COUNTS_LEVELS else 200_000

_UNREADABLE = {
    "has a number of more than 4300 digits": "9" * 5000,
    "is nested too deeply": "[" * TOO_DEEP + "]" * TOO_DEEP,
    "is not JSON": '"a\x01b"',
}


@pytest.mark.parametrize("reason", _UNREADABLE)
@pytest.mark.parametrize(
    "shape",
    [
        '{"msg":"log","event_id":"a","log":%s}',
        '{"log":%s,"event_id":"a","msg":"log"}',
        ' { "msg" : "log" , "event_id" : "a" , "log" : { "event_id" : "b", "x" : %s } }',
        r'{"title":"\"event_id\":\"b\"","msg":"log","data":["event_id"],"event_id":"a","log":%s}',
    ],
)
def test_a_message_that_cannot_be_read_names_the_job(shape: str, reason: str) -> None:
    if reason == "is nested too deeply" and shape.startswith('{"log"') and not COUNTS_LEVELS:
        pytest.skip("what is too deep for Python 3.14 leaves no job in the beginning of the text")
    text = shape % _UNREADABLE[reason]
    for message in (parse_message(text), parse_message(text.encode())):
        assert isinstance(message, MalformedMessage)
        assert (message.msg, message.event_id) == ("log", "a")
        assert message.reason.startswith(f"a message from the server {reason}: ")


def test_the_job_of_a_message_that_is_cut_is_found() -> None:
    message = parse_message('{"event_id":"a","log":"x\\"')
    assert isinstance(message, MalformedMessage)
    assert (message.msg, message.event_id) == ("", "a")


def test_the_job_of_a_message_that_cannot_be_read_is_looked_for_in_its_beginning() -> None:
    with pytest.raises(ProtocolError, match="nested too deeply"):
        parse_message("[" * 200_000)
    with pytest.raises(ProtocolError, match="nested too deeply"):
        parse_message(f'{{"log":{"[" * 200_000}{"]" * 200_000},"event_id":"a"}}')


def test_a_broken_message_of_a_job_names_the_job() -> None:
    message = parse_message('{"msg":"log","event_id":"a","level":"info"}')
    assert isinstance(message, MalformedMessage)
    assert (message.msg, message.event_id) == ("log", "a")
    reason = "the log message from the server is invalid at 'log': Field required"
    assert message.reason.startswith(reason)


@pytest.mark.parametrize("text", ["x" * 100_000, b"x" * 100_000, "é" * 100_000])
def test_an_error_quotes_little_of_a_long_message(text: str | bytes) -> None:
    with pytest.raises(ProtocolError) as raised:
        parse_message(text)
    quoted = raised.value.message.partition(": ")[2]
    assert len(quoted) == 200 + len("''")
    assert quoted.endswith("…'")


def test_half_a_surrogate_pair_in_an_escape_is_kept() -> None:
    message = parse_message(
        r'{"msg":"process_completed","output":{"data":["\ud83d"]},"success":true}'
    )
    assert isinstance(message, ProcessCompleted)
    assert message.output is not None
    assert message.output.data == ["\ud83d"]


def test_deeply_nested_values_are_parsed() -> None:
    value = "[" * 400 + "]" * 400
    message = parse_message(
        f'{{"msg":"process_completed","output":{{"data":[{value}]}},"success":true}}'
    )
    assert isinstance(message, ProcessCompleted)
    assert message.output is not None
    assert message.output.data == [json.loads(value)]


def test_numbers_that_are_no_json_are_parsed() -> None:
    message = parse_message(
        '{"msg":"process_generating","output":{"data":[Infinity]},"success":true}'
    )
    assert isinstance(message, ProcessGenerating)
    assert message.output is not None
    assert message.output.data == [float("inf")]


def test_messages_cannot_be_changed() -> None:
    message = parse_message('{"msg":"heartbeat"}')
    with pytest.raises(AttributeError):
        setattr(message, "event_id", "a")  # noqa: B010


def test_events_of_the_upload_are_no_messages_of_a_job() -> None:
    (path,) = [path for path in streams("upload-progress") if "6.31.0" in case(path)]
    kinds = [parse_message(data) for _, data in events(path.read_bytes())]
    assert kinds[-1] == UnknownMessage("done", None)
