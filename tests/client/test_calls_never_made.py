"""A call that is dropped before it is made says so."""

from __future__ import annotations

import gc
import subprocess
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from spacecall import InvalidInputError, Space, SyncSpace
from spacecall._client.exchanges.service_call import open_service_runner
from spacecall._core.redaction import Redactor
from spacecall._io.request_settings import Settings
from tests.hostile.server import HostileServer


@contextmanager
def warned() -> Generator[list[str]]:
    """What is warned of inside, garbage collection included."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        yield texts
        gc.collect()
    assert all(record.category is RuntimeWarning for record in records)
    texts += [str(record.message) for record in records]


async def test_a_call_that_is_dropped_warns_with_its_endpoint() -> None:
    with HostileServer() as server:
        async with Space(server.url) as space:
            with warned() as texts:
                space.call("/predict", x="x")
    (text,) = texts
    assert text.startswith("the call of /predict was never made, nothing was sent: write `await")
    assert "/gradio_api/queue/join" not in server.paths()


def test_a_sync_call_that_is_dropped_says_what_to_write() -> None:
    with HostileServer() as server, SyncSpace(server.url) as space, warned() as texts:
        space.call("/predict", x="x")
    (text,) = texts
    assert "/predict" in text
    assert "write call.result()" in text


def test_the_warning_points_at_the_line_that_dropped_the_call() -> None:
    with (
        HostileServer() as server,
        SyncSpace(server.url) as space,
        pytest.warns(RuntimeWarning, match="never made") as records,
    ):
        space.call("/predict", x="x")
    assert records[0].filename == __file__


async def test_derived_calls_warn_once_if_none_is_made() -> None:
    with HostileServer() as server:
        async with (
            Space(server.url) as space,
            open_service_runner("", Settings(), lambda _: Redactor()) as direct,
        ):

            async def service(*_: object) -> None: ...

            async def steps(*_: object) -> Any: ...

            for call in (
                lambda: space.call("/predict", x="x"),
                lambda: direct.call("/predict", service),
                lambda: space.sequence("/predict", steps),
            ):
                with warned() as texts:
                    call().with_options(call_api=False).map(str)
                assert len(texts) == 1


async def test_calls_that_are_made_do_not_warn() -> None:
    with HostileServer() as server:
        async with Space(server.url) as space:
            with warned() as texts:
                assert await space.call("/predict", x="x") == "ok"
                assert await space.call("/predict", x="x").with_options().map(str) == "ok"
                async with space.call("/predict", x="x"):
                    pass
                await space.call("/predict", x="x").detach()
    assert texts == []


def test_sync_calls_that_are_made_do_not_warn() -> None:
    with HostileServer() as server, SyncSpace(server.url) as space, warned() as texts:
        assert space.call("/predict", x="x").result() == "ok"
        assert space.call("/predict", x="x").map(len).result() == 2
        with space.call("/predict", x="x"):
            pass
        space.call("/predict", x="x").detach()
        repr(space.call("/predict", x="x").result)
    assert len(texts) == 1, "the last was not made"


async def test_a_call_that_failed_already_does_not_warn_again() -> None:
    with HostileServer() as server:
        async with Space(server.url) as space, space.session() as session:
            with warned() as texts:
                with pytest.raises(InvalidInputError):
                    await space.call("/predict", y="x")
                with pytest.raises(InvalidInputError):
                    await session.call("/predict", x="x").detach()
                with pytest.raises(TypeError):
                    space.call("/predict", x="x").with_options(timeout=3)  # type: ignore[call-arg]  # pyright: ignore
                with pytest.raises(TypeError):
                    space.call(3)  # type: ignore[arg-type]  # pyright: ignore
            async with open_service_runner("", Settings(), lambda _: Redactor()) as direct:
                left = direct
            with warned() as later_texts, pytest.raises(RuntimeError):
                await left.call("/predict", _never)
    assert [*texts, *later_texts] == []


async def _never(*_: object) -> None: ...


def test_a_sync_call_of_a_space_that_was_left_does_not_warn_again() -> None:
    with HostileServer() as server:
        with SyncSpace(server.url) as space:
            call = space.call("/predict", x="x")
        with warned() as texts:
            with pytest.raises(RuntimeError):
                call.result()
            del call
    assert texts == []


_AT_EXIT = """
import sys
from spacecall._client.exchanges.service_call import ServiceRunner
from spacecall._io.request_settings import Settings
kept = [ServiceRunner("", None, Settings(), None).call(f"/{n}", None) for n in range(100)]
kept.append(kept)
"""


@pytest.mark.parametrize("end", ["", "sys.exit(0)", "raise SystemExit"])
def test_an_interpreter_that_ends_is_not_flooded(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", _AT_EXIT + end],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == ""
