"""The project of the page on generating: a user's, with a client that `spacecall add` wrote."""

from __future__ import annotations

from tests.docs.pages import DOCS
from tests.type_checks import run_mypy


def test_a_users_project_passes_mypy_in_strict_mode() -> None:
    done = run_mypy(".", folder=DOCS / "project")
    assert done.returncode == 0, done.stdout + done.stderr
