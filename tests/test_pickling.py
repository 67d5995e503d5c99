"""What can be pickled and copied arrives whole: errors, events, options, descriptions, tickets."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

import spacecall
from spacecall import events, options
from spacecall.cassettes.errors import CassetteMissError, SecretFoundError, UnusedRequestsError
from spacecall.chat import ChatReply, Conversation
from spacecall.endpoints import NO_DEFAULT, Endpoint, Parameter, ReturnValue
from spacecall.errors import (
    AppError,
    DeadlineError,
    InvalidInputError,
    JobLostError,
    QuotaExceededError,
    SchemaDriftError,
    SpaceError,
    SpaceStateError,
    StatusError,
    TransportError,
)
from spacecall.hub import Runtime, SpaceInfo, Stage, ZeroGPUQuota
from spacecall.inference._provider_choice import Attempt, ProvidersFailedError
from spacecall.tickets import Ticket

PLACE: dict[str, Any] = {"space": "http://x", "endpoint": "/echo", "event_id": "e1"}
NEEDED: dict[str, dict[str, Any]] = {
    "NoProviderError": {
        "task": "text-to-image",
        "requested": None,
        "live": ["a"],
        "reason": "it is gone",
    },
    "FailedReplyError": {"reply": ChatReply("Hel", Conversation(), "error")},
    "ChatShapeError": {"endpoints": ["/a"]},
    "CassetteMissError": {"request": "GET /"},
    "UnusedRequestsError": {"requests": ["GET /"]},
    "SecretFoundError": {"locations": ["body"]},
}
COPIES: list[Callable[[Any], Any]] = [
    lambda value: pickle.loads(pickle.dumps(value, 0)),
    lambda value: pickle.loads(pickle.dumps(value, 2)),
    lambda value: pickle.loads(pickle.dumps(value)),
    copy.copy,
    copy.deepcopy,
]


def error_classes() -> Iterator[type[Exception]]:
    """Every exception that a module of the package defines."""
    for module in pkgutil.walk_packages(spacecall.__path__, "spacecall."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if not (isinstance(value, type) and issubclass(value, Exception)):
                continue
            if value.__module__ == module.name and not issubclass(value, Warning):
                yield value


# ProvidersFailedError holds errors, which are equal to nothing else: it has a test of its own.
CLASSES = sorted({*error_classes()} - {ProvidersFailedError}, key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_keeps_its_text_and_its_attributes(kind: type[Exception]) -> None:
    error = kind("it broke \ud800", **NEEDED.get(kind.__name__, {}))
    error.add_note("a note")
    if isinstance(error, SpaceError):
        error.space, error.endpoint, error.event_id = "http://x", "/echo", "e1"
    for copied in COPIES:
        again = copied(error)
        assert type(again) is kind
        assert (str(again), again.args, again.__dict__) == (str(error), error.args, error.__dict__)


def test_the_errors_in_an_error_arrive_too() -> None:
    inner = StatusError("busy", status=503, body="wait")
    error = ProvidersFailedError([Attempt("a", inner)])
    for copied in COPIES:
        again = copied(error)
        assert (str(again), again.status, again.attempts[0].provider) == (str(error), 503, "a")
        assert vars(again.attempts[0].error) == vars(inner)


ERRORS: list[SpaceError] = [
    TransportError("reset", sent=True, **PLACE),
    StatusError("bad", status=502, body="<html>", **PLACE),
    InvalidInputError("a; b", problems=["a", "b"], status=422, body="{}", **PLACE),
    SchemaDriftError("drift", differences=["one"], pinned="ab", **PLACE),
    SpaceStateError("asleep", stage="SLEEPING", **PLACE),
    DeadlineError("late", phase="run", **PLACE),
    AppError("broke", title="Oops", duration=2.0, **PLACE),
    QuotaExceededError("none left", title="ZeroGPU quota", duration=None, **PLACE),
    JobLostError("lost", sent=False, **PLACE),
    CassetteMissError("miss", request="GET /", differences=["path"]),
    UnusedRequestsError("unused", requests=["GET /"]),
    SecretFoundError("secret", locations=["body"]),
]


def raise_error(number: int) -> None:
    ERRORS[number].__cause__ = OSError(104, "reset")
    raise ERRORS[number]


def test_errors_of_a_worker_process_arrive_whole() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for number, error in enumerate(ERRORS):
            future = pool.submit(raise_error, number)
            with pytest.raises(type(error)) as caught:
                future.result(60)
            assert str(caught.value) == str(error)
            arrived = {
                key: value for key, value in vars(caught.value).items() if key != "__notes__"
            }
            assert arrived == vars(error)


ENDPOINT = Endpoint(
    name="/echo",
    parameters=(Parameter("x", "x", "textbox", {"type": "string"}),),
    returns=(ReturnValue("y", "textbox", {}),),
    streaming=False,
    queued=True,
    stateful=False,
)
VALUES: list[Any] = [
    options.Timeouts(total=3),
    options.Retry(attempts=2),
    options.Limits(),
    options.Auth(token="t", hosts=["example.com"]),
    options.ZeroGPU(uuid="u"),
    events.Uploading(1, None),
    events.Queued(1, 2, None),
    events.Started(None),
    events.Progress((events.ProgressUnit(1, 2, "steps", None, "x"),)),
    events.Log("hi", "info", None, None),
    events.Output([1, {"a": "b"}]),
    events.Completed("x", 1.0),
    events.TextDelta("x", 0),
    Ticket("http://x", "/echo", "s", "e", {"a": "b"}),
    ENDPOINT,
    Runtime(Stage("NEW_STAGE"), domains=("x",)),
    SpaceInfo("a/b", runtime=Runtime(Stage.RUNNING)),
    ZeroGPUQuota(1.0, 0.5),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_events_options_and_descriptions_are_equal_to_their_copies(value: Any) -> None:
    for copied in COPIES:
        again = copied(value)
        assert again == value
        assert repr(again) == repr(value)


def test_no_default_is_one_object_however_it_is_copied() -> None:
    for copied in COPIES:
        assert copied(NO_DEFAULT) is NO_DEFAULT
        assert copied(ENDPOINT).parameters[0].required
