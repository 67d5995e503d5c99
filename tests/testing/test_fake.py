"""A fake Space, called by the clients of real Spaces."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import httpx
import pytest

from spacecall import (
    AppError,
    DeadlineError,
    File,
    InvalidInputError,
    JobLostError,
    NotFoundError,
    Output,
    Space,
    SyncSpace,
    Timeouts,
)
from spacecall._core.app_config import parse_config
from spacecall._core.fingerprint import find_differences
from spacecall._io.client_factory import create_client
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._schemas import schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.spaces.flux_1_dev import Flux1Dev
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from spacecall.spaces.qvq_72b import Qvq72B
from spacecall.testing import FakeSpace, ReceivedCall
from spacecall.testing._fake_app import load_fake_app
from tests.codegen.drift.pairs import load
from tests.servers import DATA

SPACES = Path(__file__).resolve().parents[2] / "schemas/spaces"
JANUS = SPACES / "deepseek-ai--Janus-Pro-7B"
QVQ = SPACES / "Qwen--QVQ-72B-preview"
FLUX = SPACES / "black-forest-labs--FLUX.1-dev"
ASK = "/multimodal_understanding"
RED = DATA / "red.png"


async def ask(question: str = "What?", **options: Any) -> Any:
    async with Space("deepseek-ai/Janus-Pro-7B") as space:
        call = space.call(ASK, image=RED, question=question)
        return await call.with_options(**options)


async def test_its_values_fit_and_depend_on_the_seed_and_the_arguments() -> None:
    with FakeSpace(JANUS, seed=1):
        first = await ask()
        assert isinstance(first, str)
        assert await ask() == first
        assert await ask("Who?") != first
    with FakeSpace(JANUS, seed=2):
        assert await ask() != first


async def test_it_reports_the_received_calls() -> None:
    with FakeSpace(JANUS) as fake:
        await ask("Who?")
    (call,) = fake.calls
    assert call.endpoint == ASK
    assert call.arguments["question"] == "Who?"
    assert fake.content(call.arguments["image"]) == RED.read_bytes()
    with pytest.raises(InvalidInputError, match="not a file that was uploaded"):
        fake.content(call.arguments["question"])


async def test_it_returns_the_configured_result() -> None:
    with FakeSpace(JANUS) as fake:
        fake.returns(ASK, "a cat")
        assert await ask() == "a cat"
        fake.returns(ASK, lambda call: call.arguments["question"].upper())
        assert await ask() == "WHAT?"

        async def slowly(call: ReceivedCall) -> str:
            await anyio.lowlevel.checkpoint()
            return call.endpoint

        fake.returns(ASK, slowly)
        assert await ask() == ASK


async def test_an_invalid_result_is_refused_at_once() -> None:
    with FakeSpace(JANUS) as fake:
        with pytest.raises(InvalidInputError, match="value 1: expected a str or None, got int 7"):
            fake.returns(ASK, 7)
        with pytest.raises(InvalidInputError, match="value 1: expected a str or None"):
            fake.streams(ASK, [None, "a", 7])
        with pytest.raises(NotFoundError, match=f"no endpoint '/nothing'; endpoints: {ASK}, "):
            fake.fails("/nothing", "oh")
        fake.returns(ASK, lambda _: 7)
        with pytest.raises(InvalidInputError, match="expected a str or None, got int 7"):
            await ask()
        fake.returns(ASK, lambda call: call.arguments["nothing"])
        with pytest.raises(InvalidInputError, match=r"your function .* KeyError\('nothing'\)"):
            await ask()


async def test_it_streams() -> None:
    with FakeSpace(QVQ) as fake:
        fake.streams("/generate", ["a", "a b", "a b c"])
        async with Space("Qwen/QVQ-72B-preview") as space:
            async with space.call("/generate", prompt="x", image=None) as job:
                assert [value async for value in job.outputs] == ["a", "a b", "a b c"]
            async with space.call("/generate", prompt="y", image=None) as job:
                assert "".join([str(piece) async for piece in job.text]) == "a b c"


async def test_an_endpoint_that_streams_does_so_by_itself() -> None:
    with FakeSpace(QVQ):
        async with (
            Space("Qwen/QVQ-72B-preview") as space,
            space.call("/generate", prompt="x", image=None) as job,
        ):
            values = [value async for value in job.outputs]
    assert len(values) > 1
    assert all(values[-1].startswith(value) for value in values)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_an_uploaded_file_is_there_at_once(method: str) -> None:
    with FakeSpace(JANUS):
        async with create_client() as client:
            files = {"files": ("a.txt", b"four")}
            answer = await client.send(httpx.Request("POST", "http://fake/upload", files=files))
            (path,) = json.loads(await answer.aread())
            answer = await client.send(httpx.Request(method, f"http://fake/file={path}"))
    assert (answer.status_code, answer.headers["content-length"]) == (200, "4")


async def test_it_fails_as_an_app_does() -> None:
    with FakeSpace(QVQ) as fake:
        fake.streams("/generate", ["a", "a b"]).fails("/generate", "no more", title="Tired")
        seen: list[Any] = []
        async with (
            Space("Qwen/QVQ-72B-preview") as space,
            space.call("/generate", prompt="x", image=None) as job,
        ):
            with pytest.raises(AppError, match="no more") as caught:
                seen += [event.value async for event in job if isinstance(event, Output)]
    assert caught.value.title == "Tired"
    with FakeSpace(JANUS) as fake:

        def refuse(call: ReceivedCall) -> str:
            raise AppError("not that")

        fake.returns(ASK, refuse)
        with pytest.raises(AppError, match="not that"):
            await ask()


async def test_it_disconnects() -> None:
    with FakeSpace(JANUS) as fake:
        fake.disconnects(ASK)
        with pytest.raises(JobLostError):
            await ask()


async def test_the_last_instruction_for_an_endpoint_holds() -> None:
    with FakeSpace(JANUS) as fake:
        fake.fails(ASK, "busy").returns(ASK, "fine")
        assert await ask() == "fine"
        fake.disconnects(ASK).fails(ASK, "busy")
        with pytest.raises(AppError, match="busy"):
            await ask()
        fake.disconnects(ASK)
        with pytest.raises(JobLostError):
            await ask()
        fake.streams(ASK, ["f", "fine"])
        assert await ask() == "fine"


async def test_calls_fail_as_often_as_configured_and_then_work() -> None:
    with FakeSpace(JANUS) as fake:
        fake.returns(ASK, "fine").fails(ASK, "busy", times=2)
        for _ in range(2):
            with pytest.raises(AppError, match="busy"):
                await ask()
        assert await ask() == "fine"
        fake.streams(ASK, ["g", "good"]).disconnects(ASK, times=1)
        with pytest.raises(JobLostError):
            await ask()
        assert await ask() == "good"


async def test_an_iterator_is_streamed_by_every_call() -> None:
    with FakeSpace(QVQ) as fake:
        fake.streams("/generate", (text for text in ("a", "a b")))
        async with Space("Qwen/QVQ-72B-preview") as space:
            for _ in range(2):
                async with space.call("/generate", prompt="x", image=None) as job:
                    assert [value async for value in job.outputs] == ["a", "a b"]


Configure: TypeAlias = Callable[[Any], object]

_INVALID: list[tuple[Configure, type[Exception], str]] = [
    (lambda fake: fake.delays(ASK, "0.5"), TypeError, "seconds must be float, got str"),
    (lambda fake: fake.delays(ASK, -1), ValueError, "finite and not negative, got -1"),
    (lambda fake: fake.delays(ASK, float("nan")), ValueError, "finite and not negative"),
    (lambda fake: fake.streams(ASK, "abc"), TypeError, r"a collection, got str: write \[…\]"),
    (lambda fake: fake.streams(ASK, 3), TypeError, "values must be Iterable"),
    (lambda fake: fake.streams(ASK, []), InvalidInputError, "values is empty"),
    (lambda fake: fake.fails(ASK, 3), TypeError, "message must be str, got int"),
    (lambda fake: fake.fails(ASK, "a", times=0), ValueError, "times must be positive, got 0"),
    (lambda fake: fake.disconnects(ASK, times="1"), TypeError, "times must be int or None"),
    (lambda fake: fake.returns(7, "a"), TypeError, "endpoint must be str, got int"),
    (lambda fake: fake.disconnects("/no"), NotFoundError, "no endpoint '/no'"),
]


@pytest.mark.parametrize(("configure", "error", "message"), _INVALID)
def test_arguments_are_checked_at_once(
    configure: Configure, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        configure(FakeSpace(JANUS))


def test_a_missing_file_is_refused_at_once(tmp_path: Path) -> None:
    fake = FakeSpace(FLUX)
    with pytest.raises(InvalidInputError, match=r"nothing\.png is not a file"):
        fake.returns("/infer", (tmp_path / "nothing.png", 7))


async def test_it_takes_its_time_and_can_be_cancelled() -> None:
    with FakeSpace(JANUS) as fake:
        fake.delays(ASK, 1000).returns(ASK, "late")
        with pytest.raises(DeadlineError):
            await ask(timeouts=Timeouts(run=0.2))
        fake.delays(ASK, 0.01)
        assert await ask() == "late"


async def test_twenty_jobs_at_once_get_their_own_answers() -> None:
    with FakeSpace(JANUS) as fake:
        fake.delays(ASK, 0.01).returns(ASK, lambda call: call.arguments["question"])
        results: dict[int, str] = {}
        async with Space("deepseek-ai/Janus-Pro-7B") as space:

            async def call(number: int) -> None:
                results[number] = await space.call(ASK, image=RED, question=f"q{number}")

            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(call, number)
    assert results == {number: f"q{number}" for number in range(20)}


async def test_files_are_served(tmp_path: Path) -> None:
    with FakeSpace(FLUX) as fake:
        async with Flux1Dev.connect() as flux:
            (image,) = await flux.generate("a cat")
            assert (await image.read()).startswith(b"\x89PNG")
            fake.returns("/infer", (RED, 42))
            (image,) = await flux.generate("a cat")
            assert await image.read() == RED.read_bytes()
            assert (await image.save(tmp_path)).name == "red.png"
            fake.returns("/infer", (File(b"bytes", name="x.png"), 42))
            assert await (await flux.generate("a cat"))[0].read() == b"bytes"


async def test_facades_with_state_and_with_the_simple_call_api_work() -> None:
    with FakeSpace(SPACES / "microsoft--phi-4-multimodal") as fake:
        answer = [{"role": "assistant", "content": "Hello!"}]
        fake.returns("/bot_response", answer)
        async with Phi4Multimodal.connect() as phi:
            assert (await phi.chat("Hi")).text == "Hello!"
    assert [call.endpoint for call in fake.calls] == ["/process_message", "/bot_response"]
    with FakeSpace(QVQ) as fake:
        fake.streams("/generate", ["H", "Hello"])
        async with Qvq72B.connect() as qvq:
            assert (await qvq.chat("Hi", media=[RED])).text == "Hello"


def test_without_async_too() -> None:
    with FakeSpace(JANUS) as fake, SyncSpace("deepseek-ai/Janus-Pro-7B") as space:
        fake.returns(ASK, "a cat")
        assert space.call(ASK, image=None, question="What?").result() == "a cat"


async def test_the_simple_call_api(tmp_path: Path) -> None:
    with FakeSpace(QVQ) as fake:
        fake.streams("/generate", ["a", "ab"])
        async with Space("Qwen/QVQ-72B-preview") as space:
            call = space.call("/generate", prompt="x", image=None).with_options(call_api=True)
            async with call as job:
                assert [value async for value in job.outputs] == ["a", "ab"]
            fake.fails("/generate", "oh")
            with pytest.raises(AppError, match="oh"):
                await space.call("/generate", prompt="x", image=None).with_options(call_api=True)


async def test_alone_it_answers_anywhere_and_several_at_their_own_addresses() -> None:
    with FakeSpace(JANUS) as janus, FakeSpace(QVQ) as qvq:
        janus.returns(ASK, "janus")
        qvq.returns("/generate", "qvq")
        assert await ask() == "janus"
        async with Space("Qwen/QVQ-72B-preview") as space:
            assert await space.call("/generate", prompt="x", image=None) == "qvq"
        with pytest.raises(NotFoundError, match="the Hub has no Space"):
            async with Space("some/other"):
                pass
    with FakeSpace(JANUS) as fake:
        fake.returns(ASK, "janus")
        async with Space("http://127.0.0.1:7860/sub") as space:
            assert await space.call(ASK, image=None, question="?") == "janus"


def test_an_invalid_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        FakeSpace(tmp_path)
    shutil.copytree(JANUS, tmp_path / "janus")
    path = tmp_path / "janus" / "join.schema.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "title": "other"}))
    with pytest.raises(ValueError, match="does not have the hash in"):
        FakeSpace(tmp_path / "janus")


def test_its_config_is_that_of_the_schemas() -> None:
    """Typed clients report no drift, because the shapes are those of the folder."""
    for folder in sorted(SPACES.iterdir()):
        app = load_fake_app(schema_folder.read_folder(folder))
        schemas = app.input_schema["$defs"].values()
        notes = [schema["x-spacecall"] for schema in schemas if "x-spacecall" in schema]
        pinned = {note["api_name"]: note["shape"] for note in notes if "shape" in note}
        assert pinned
        assert find_differences(pinned, parse_config(app.config())) == []


async def test_a_default_that_the_app_computes_is_always_the_same_here(tmp_path: Path) -> None:
    saved = load("47-computed-defaults", "before")
    app = AppDocuments(saved["config"], saved["info"], "http://127.0.0.1:7860")
    folder = build_schema_folder(app, "clock")
    schema_folder.write_folder(tmp_path / "clock", folder.lock, folder.documents)
    received: list[Any] = []
    for _ in range(2):
        with FakeSpace(tmp_path / "clock") as fake:
            async with Space("http://127.0.0.1:7860") as space:
                await space.call("/quiet_if_random")
            received += [call.arguments for call in fake.calls]
    first, second = received
    assert first == second
    assert 0 <= first["x"] <= 100
