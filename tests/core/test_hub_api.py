"""What the Hub's answers say: schemas, values, and what to do about a stage."""

from __future__ import annotations

import json
import pickle
import traceback
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from spacecall._core import hub_api
from spacecall._core.gradio_requests import Request
from spacecall.errors import ProtocolError
from spacecall.hub import Runtime, Stage
from tests.hub.fake_hub import NAME, NO_LOGIN, NOT_FOUND, SHA, TOKEN, runtime
from tests.protocol.captures import problems

SCHEMAS = Path(__file__).parents[2] / "schemas/hub"
# As SpaceStage and the Hub's own API description list them.
KNOWN = (
    *("NO_APP_FILE", "CONFIG_ERROR", "BUILDING", "BUILD_ERROR", "RUNNING", "RUNNING_BUILDING"),
    *("RUNTIME_ERROR", "DELETING", "STOPPED", "PAUSED", "APP_STARTING", "RUNNING_APP_STARTING"),
    "SLEEPING",
)


def schema(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return parsed


def fits(name: str, definition: str, value: dict[str, Any]) -> bool:
    complete = schema(name)
    validator = Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": complete["$defs"]})
    return not problems(validator, value)


@pytest.mark.parametrize("name", [path.name.split(".")[0] for path in sorted(SCHEMAS.iterdir())])
def test_a_schema_is_valid_documented_and_open(name: str) -> None:
    complete = schema(name)
    Draft202012Validator.check_schema(complete)
    assert complete["$id"] == f"urn:spacecall:hub:{name}"
    assert all(item["description"] for item in (complete, *complete["$defs"].values()))
    assert 'additionalProperties": false' not in json.dumps(complete)


def test_the_answers_fit_the_schemas() -> None:
    assert fits("space", "SpaceRuntime", runtime("RUNNING"))
    assert fits("space", "SpaceRuntime", {"stage": "NEW", "hardware": None, "replicas": None})
    assert fits("space", "SpaceRuntime", runtime("PAUSED", replicas={"requested": "auto"}))
    assert fits("host", "SpaceHost", {"subdomain": "owner-name", "host": "https://a-b.hf.space"})
    assert fits("errors", "HubError", NO_LOGIN)
    assert fits("errors", "HubError", NOT_FOUND)
    assert not fits("space", "SpaceRuntime", {"hardware": None})


def test_the_stages_are_known_and_others_are_kept() -> None:
    assert sorted(KNOWN) == sorted(Stage)
    new = Stage("RUNNING_CONTAINER_STARTING")
    assert new == "RUNNING_CONTAINER_STARTING" == str(new) == new.name
    assert new in {Stage("RUNNING_CONTAINER_STARTING")}
    assert pickle.loads(pickle.dumps(new)) == new
    assert pickle.loads(pickle.dumps(Stage.RUNNING)) is Stage.RUNNING
    assert (new.runs, new.final) == (True, False)
    assert (Stage("ELSEWHERE").runs, Stage("ELSEWHERE").final) == (False, False)
    assert sorted(KNOWN) == sorted(Stage), "a kept stage is no member"
    with pytest.raises(ValueError, match="3 is not a valid"):
        Stage(3)  # type: ignore[arg-type]


def test_a_stage_runs_or_is_final_or_passes() -> None:
    runs = {item for item in Stage if item.runs}
    final = {item for item in Stage if item.final}
    assert runs == {"RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING"}
    assert final == {
        *("NO_APP_FILE", "CONFIG_ERROR", "BUILD_ERROR", "RUNTIME_ERROR"),
        *("PAUSED", "STOPPED", "DELETING"),
    }
    assert set(Stage) - runs - final == {"BUILDING", "APP_STARTING", "SLEEPING"}


def test_a_runtime_is_read() -> None:
    extra_fields = {"errorMessage": "boom", "unknown": 1}
    assert hub_api.parse_runtime(
        json.dumps(runtime("BUILDING", None, **extra_fields)).encode()
    ) == Runtime(
        Stage.BUILDING,
        hardware=None,
        requested_hardware="cpu-basic",
        replicas=1,
        domains=("owner-name.hf.space",),
        sha=SHA,
        error="boom",
        sleep_after=172800,
    )
    assert hub_api.parse_runtime(b'{"stage":"NEW"}') == Runtime(Stage("NEW"))


@pytest.mark.parametrize(("written", "read"), [('"5.50.0"', "5.50.0"), ("4.1", "4.1")])
def test_the_version_of_gradio_is_a_text_however_its_author_wrote_it(
    written: str, read: str
) -> None:
    body = f'{{"id": "{NAME}", "sdk": "gradio", "cardData": {{"sdk_version": {written}}}}}'
    parsed = hub_api.parse_space(body.encode())
    assert (parsed.sdk, parsed.sdk_version, parsed.private) == ("gradio", read, False)


def test_a_space_without_an_app_is_read() -> None:
    parsed = hub_api.parse_space(
        b'{"id": "a/b", "private": true, "cardData": null, "runtime": null}'
    )
    assert (parsed.id, parsed.private, parsed.sdk, parsed.runtime) == ("a/b", True, None, None)


def test_the_quota_is_in_seconds() -> None:
    complete = hub_api.parse_quota(
        b'{"base": 300, "current": 12.5, "resetsAt": "2026-11-25T10:00:00Z"}'
    )
    assert (complete.total, complete.remaining, complete.overquota_used) == (300, 12.5, 0)
    assert complete.resets_at == datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert hub_api.parse_quota(b'{"base": 1, "current": 1, "resetsAt": null}').resets_at is None
    assert hub_api.parse_quota(b'{"base": 1, "current": 1, "resetsAt": "soon"}').resets_at is None


def test_the_time_of_a_jwt_is_sent_in_utc() -> None:
    request = hub_api.jwt_request(
        NAME, datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    )
    assert request.path == "/api/spaces/owner/name/jwt"
    assert request.query == {
        "expiration": "2026-01-02T02:04:05.000Z",
        "include_pro_status": "true",
    }


def test_an_answer_that_does_not_fit_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ProtocolError, match="a SpaceJwt: token: Input should be") as caught:
        hub_api.parse_jwt(json.dumps({"token": [TOKEN]}).encode())
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("NO_APP_FILE", "has no app file"),
        ("CONFIG_ERROR", "correct the metadata in its README"),
        ("BUILD_ERROR", "its build failed"),
        ("RUNTIME_ERROR", "its app has crashed"),
        ("PAUSED", "only its owner can restart it"),
        ("STOPPED", "only its owner can restart it"),
        ("DELETING", "being deleted"),
        ("SLEEPING", "this visit wakes it; wait until it runs"),
        ("BUILDING", "wait until it runs, with Hub.wait_until_ready"),
        ("NEW_ONE", "wait until it runs"),
    ],
)
def test_the_error_of_a_stage_says_what_to_do(stage: str, words: str) -> None:
    error = hub_api.unavailable_error(NAME, Runtime(Stage(stage)))
    assert error.stage == stage
    assert error.message.startswith(f"{NAME} is {stage}: ")
    assert words in error.message


def test_the_error_of_a_stage_has_the_end_of_what_failed_in_one_line() -> None:
    log = "Exit code: 1. Reason:\n" + "x" * 500 + "\n\x1b[31mModuleNotFoundError: nope\n"
    error = hub_api.unavailable_error(NAME, Runtime(Stage.RUNTIME_ERROR, error=log))
    assert error.message.endswith("[31mModuleNotFoundError: nope)")
    assert error.message.isprintable()
    assert len(error.message) < 400


def test_what_is_asked_of_a_space_names_it() -> None:
    assert hub_api.host_request(NAME) == Request("GET", f"/api/spaces/{NAME}/host")
    assert hub_api.space_request(NAME) == Request("GET", f"/api/spaces/{NAME}")
    assert hub_api.runtime_request(NAME) == Request("GET", f"/api/spaces/{NAME}/runtime")
    assert hub_api.parse_host(b'{"host": "https://a-b.hf.space"}') == "https://a-b.hf.space"
