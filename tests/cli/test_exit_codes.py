from __future__ import annotations

import re
import subprocess
import sys

import pytest

from spacecall import (
    AppError,
    AuthError,
    DeadlineError,
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    NotFoundError,
    ProtocolError,
    QueueFullError,
    QuotaExceededError,
    RateLimitedError,
    SchemaDriftError,
    SpaceStateError,
    StatusError,
    TransportError,
)
from spacecall._core.auth_hints import AUTH_HINTS
from spacecall.cli._support.error_reports import exit_code_for, format_error
from spacecall.cli._support.exit_codes import MEANINGS
from spacecall.codegen._codegen_errors import SchemaError
from tests.cli.conftest import Cli
from tests.cli.processes import ROOT, environment


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AppError("x"), 1),
        (QuotaExceededError("x"), 1),
        (JobCancelledError("x"), 1),
        (SchemaDriftError("x"), 1),
        (FileNotFoundError(2, "No such file", "x"), 1),
        (InvalidInputError("x"), 2),
        (InvalidInputError("x", status=422), 2),
        (NotFoundError("x"), 2),
        (SchemaError("x"), 2),
        (NotFoundError("x", status=404), 3),
        (TransportError("x"), 3),
        (JobLostError("x"), 3),
        (ProtocolError("x"), 3),
        (SpaceStateError("x"), 3),
        (StatusError("x", status=500), 3),
        (QueueFullError("x", status=503), 3),
        (RateLimitedError("x", status=429), 3),
        (AuthError("x", status=401), 4),
        (DeadlineError("x"), 5),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code_for(error) == code
    assert code in MEANINGS
    assert format_error(error)


def test_the_codes_are_in_the_help_and_in_the_docs(cli: Cli) -> None:
    help_text = cli("--help").out
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for code, meaning in MEANINGS.items():
        assert f"{code:>3}  {meaning}\n" in help_text
        assert f"| {code} | {meaning} |" in page


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["call"], ["call", "x"], ["inspect"], ["call", "--jobs", "0", "x"]]
)
def test_wrong_use_is_two(cli: Cli, arguments: list[str]) -> None:
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage: spacecall" in done.err


@pytest.mark.parametrize("auth_hint", AUTH_HINTS)
def test_the_python_api_is_not_named_to_users_of_the_command(auth_hint: str) -> None:
    text = f"the Hub has no Space a/b, or it is private{auth_hint}"
    message = format_error(NotFoundError(text, status=404, space="https://huggingface.co"))
    assert message.splitlines() == [
        "the Hub has no Space a/b, or it is private [https://huggingface.co]",
        "set SPACECALL_USERNAME and SPACECALL_PASSWORD for an app with a login, HF_TOKEN for a "
        "private Space",
    ]


def test_messages_of_the_library_take_their_hints_from_one_module() -> None:
    with_hints = [
        path.name
        for folder in ("_core", "_io", "_client", "inference", "chat", "spaces")
        for path in (ROOT / "src" / "spacecall" / folder).rglob("*.py")
        if re.search(r"(give|use|pass) auth=", path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert with_hints == ["auth_hints.py"]


def test_the_command_says_what_it_lacks() -> None:
    program = "import sys; sys.modules['rich'] = None; from spacecall.cli import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'spacecall[cli]'" in done.stderr
