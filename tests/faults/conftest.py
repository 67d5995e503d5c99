"""Counts what the tests of faults did, and tells it when they are run by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.faults.proxy import STARTED


@pytest.fixture(autouse=True)
def counted(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """The proxies of each test are counted with its report, whichever process ran it."""
    STARTED.clear()
    yield
    record_property("faults", sum(proxy.spoilt for proxy in STARTED))
    record_property("jobs", sum(proxy.asked("/queue/join") for proxy in STARTED))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many faults there were, and how many jobs were sent meanwhile."""
    total = Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "teardown":
                total.update(
                    {name: value for name, value in report.user_properties if type(value) is int}
                )
    terminalreporter.write_line(
        f"{total['faults']:,} faults between a Space and a server, {total['jobs']:,} jobs sent"
    )
