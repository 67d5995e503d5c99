"""A sample of the demo apps on the newest Gradio; `scripts/corpus` runs all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers
from tests.demos.comparison import Difference
from tests.demos.runner import APP, Report, first_of_each_kind, run_apps

SAMPLE = (
    "sentence-builder",
    "echo-bot",
    "multimodal-box",
    "partial-answers",
    "mistakes",
    "every-output",
    "picture-gallery",
    "shopping-cart",
    "locked",
    "slow-texts",
    "batches",
    "plain-functions",
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The clients are compared, not the event loops."""
    return "asyncio"


@pytest.fixture(scope="module")
def demos() -> Iterator[str]:
    """The address of a server with these apps."""
    with servers.serve(APP, servers.GRADIO_6, args=["--only", ",".join(SAMPLE)]) as server:
        yield server.url


@pytest.mark.timeout(300)
async def test_dynamic_typed_and_gradio_client_calls_come_to_the_same(
    demos: str,
) -> None:
    reports: list[Report] = []
    await run_apps(
        demos,
        servers.GRADIO_6,
        on_report=reports.append,
        select=first_of_each_kind,
        at_once=3,
    )
    assert {report.app for report in reports} == set(SAMPLE)
    assert all(report.calls for report in reports)
    unexplained: list[Difference] = [item for report in reports for item in report.unexplained]
    assert not unexplained, "\n".join(str(item) for item in unexplained)
