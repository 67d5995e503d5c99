"""Secrets are taken out of a text, whichever way they are written there."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from unicodedata import normalize
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from spacecall._core.redaction import (
    MASK,
    MAX_SECRET,
    MAX_TEXT,
    MIN_SECRET,
    Redactor,
    basic_credentials,
    header_secrets,
    redact_error,
    redact_event,
    redact_status,
    redacting,
    unescape,
    url_secrets,
)
from spacecall._problems import validation_problems
from spacecall.errors import (
    AppError,
    InvalidInputError,
    JobLostError,
    SchemaDriftError,
    StatusError,
)
from spacecall.events import Event, Log, Progress, ProgressUnit, Queued, Status

TOKEN = "hf_A1b2C3d4E5f6G7h8I9j0"
PASSWORD = 'pä ss/"w\\ö%41&<rd>\N{ROCKET}'
WRITINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in upper case": str.upper,
    "in lower case": str.lower,
    "decomposed": lambda text: normalize("NFD", text),
    "decomposed in upper case": lambda text: normalize("NFD", text.upper()),
    "in upper case, percent-encoded": lambda text: quote(text.upper(), safe=""),
    "prefixed": lambda text: f"Bearer {text}",
    "in the middle of a word": lambda text: f"x{text}y",
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent-encoded in lower case": lambda text: quote(text, safe="").lower(),
    "every byte percent-encoded": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "as a form": quote_plus,
    "as JSON": json.dumps,
    "as JSON without escapes": lambda text: json.dumps(text, ensure_ascii=False),
    "as JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "every character escaped": lambda text: (
        "".join(f"\\u{ord(character):04x}" for character in text if ord(character) < 0x10000)
        if text.isascii()
        else json.dumps(text)
    ),
    "as HTML": html.escape,
    "as numbers of HTML": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "as hex numbers of HTML": lambda text: "".join(f"&#x{ord(character):X};" for character in text),
    "as hexadecimal digits": lambda text: text.encode().hex().upper(),
    "in Python's bytes": lambda text: repr(text.encode()),
    "in base64": lambda text: b64encode(text.encode()).decode(),
    "in base64 for urls": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "in base64 behind a user": lambda text: b64encode(f"user:{text}".encode()).decode(),
    "in base64 between two more": lambda text: b64encode(f"a:{text}:zz".encode()).decode(),
}


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD, "sixsix"])
@pytest.mark.parametrize("writing", WRITINGS)
def test_it_is_found_however_it_is_written(writing: str, secret: str) -> None:
    written = WRITINGS[writing](secret)
    redacted = Redactor([secret])(f"no user with {written}, or is there?")
    assert redacted.startswith("no user with ")
    assert redacted.endswith(", or is there?")
    assert MASK in redacted
    # Of base64, a character at each end belongs to a neighbour too.
    assert len(redacted) <= len("no user with , or is there?") + len('""Bearer b\'\'\\"') + 12
    assert not any(part in redacted.lower() for part in (written.lower(), secret.lower()))


@pytest.mark.parametrize("secret", ["Straße und Weg", "ΑΝΤΊΟΧΟΣ", "İstanbul", "µ-Řeřicha"])
@pytest.mark.parametrize("case", [str, str.upper, str.lower, str.casefold, str.swapcase, str.title])
def test_it_is_found_in_any_case_of_any_alphabet(secret: str, case: Callable[[str], str]) -> None:
    redacted = Redactor([secret])(f"İ no user with {case(secret)} Σας")
    assert redacted in (f"İ no user with {MASK} Σας", f"İ no user with {MASK}s Σας")


@pytest.mark.parametrize("secret", ["", "a", "false", " " * 20, "12345 "])
def test_a_very_short_secret_does_not_make_nonsense_of_messages(secret: str) -> None:
    text = "false alarm: 12345 is not a port"
    assert MIN_SECRET == 6
    assert Redactor([secret])(text) == text


def test_what_is_no_secret_stays_as_it_is() -> None:
    redact = Redactor([TOKEN])
    for text in ("", "50% of &amp; \\u0041 %41 %zz &#65; &nosuch;", "hf_A1b2C3d4E5"):
        assert redact(text) == text
    assert redact(f"100%25 &amp; {TOKEN} \\n %41") == f"100%25 &amp; {MASK} \\n %41"


def test_a_body_stays_the_json_that_it_was() -> None:
    body = json.dumps({"error": f'you are "{TOKEN}"\\', "more": [TOKEN, "\\" + TOKEN]})
    redacted = json.loads(Redactor([TOKEN])(body))
    assert redacted == {"error": f'you are "{MASK}"\\', "more": [MASK, "\\" + MASK]}


def test_secrets_that_overlap_leave_nothing_between_them() -> None:
    redact = Redactor(["abcdefgh", "efghijkl", "cdefgh"])
    assert redact("<abcdefghijkl>") in (f"<{MASK}>", f"<{MASK}{MASK}>")
    assert redact("abcdefghabcdefgh") == MASK * 2


@given(st.text(), st.text(), st.text(min_size=MIN_SECRET).map(str.strip))
def test_no_text_around_it_hides_it(before: str, after: str, secret: str) -> None:
    if len(secret) >= MIN_SECRET:
        assert secret not in Redactor([secret])(f"{before}|{secret}|{after}")


@given(st.text(), st.lists(st.text()))
def test_it_takes_any_text_and_adds_none(text: str, secrets: list[str]) -> None:
    assert len(Redactor(secrets)(text)) <= len(text)


def test_a_cut_leaves_no_half_of_a_secret() -> None:
    redact = Redactor([TOKEN])
    for before in range(290, 310):
        text = "x" * before + TOKEN + "y" * 40_000
        assert "hf" not in redact.cut(text, 300)
    assert redact.cut("short", 300) == "short"
    assert "hf" not in redact.cut(TOKEN * 5000, 300)


def test_of_a_text_that_was_cut_before_the_end_is_left_out() -> None:
    redact = Redactor([TOKEN])
    for part in range(1, len(TOKEN)):
        text = "x" * (MAX_TEXT + MAX_SECRET - part) + TOKEN[:part]
        assert redact.cut(text, complete=False) == "x" * MAX_TEXT
        assert redact.cut(TOKEN[:part], complete=False) == ""


def test_headers_are_secret_but_for_ordinary_ones() -> None:
    headers = [
        ("Accept", "application/json"),
        ("x-key", "k" * 8),
        ("Authorization", f"Bearer {TOKEN}"),
        ("proxy-authorization", "Basic " + basic_credentials("user", "pass:word")),
        ("x-basic", "Basic no-base64!"),
        ("cookie", 'theme=dark; sid="s1234567"'),
        ("x-signed", "key=abcdefgh and more"),
    ]
    secrets = set(header_secrets(headers))
    assert {"k" * 8, TOKEN, f"Bearer {TOKEN}", "user:pass:word", "pass:word"} <= secrets
    assert {"s1234567", "dark", "no-base64!", "abcdefgh and more"} <= secrets
    assert "application/json" not in secrets
    assert "and more" not in secrets


def test_a_url_has_a_password_and_a_signature() -> None:
    secrets = set(url_secrets("https://me:p%40ssword@host/f?X-Sig=a%2Fbcdefg&empty"))
    assert {"p@ssword", basic_credentials("me", "p@ssword"), "a/bcdefg"} <= secrets
    assert "X-Sig=a%2Fbcdefg&empty" in secrets
    assert list(url_secrets("https://:password@host/")) == [
        "",
        "password",
        basic_credentials("", "password"),
    ]
    assert list(url_secrets("https://host/a")) == [""]
    assert list(url_secrets("http://[::1")) == []


def test_every_text_of_an_error_loses_it() -> None:
    redact = Redactor([TOKEN])
    refused = InvalidInputError(
        f"a {TOKEN}", problems=[f"b {TOKEN}"], status=422, body=f"c {TOKEN}", event_id=TOKEN
    )
    refused.provider = TOKEN
    drift = SchemaDriftError(f"d {TOKEN}", differences=[f"e {TOKEN}"])
    app = AppError(f"f {TOKEN}", title=TOKEN)
    for error in (refused, drift, app, SchemaDriftError(), StatusError()):
        redact_error(error, redact)
        assert TOKEN not in f"{error} {error!r} {vars(error)}"
    assert refused.problems == (f"b {MASK}",)
    assert refused.body == f"c {MASK}"
    assert drift.differences == (f"e {MASK}",)


def test_errors_that_leave_a_block_lose_it_and_others_stay() -> None:
    built: list[Redactor] = []

    def redactor() -> Redactor:
        built.append(Redactor([TOKEN]))
        return built[-1]

    with redacting(redactor):
        pass
    for error in (ValueError(TOKEN), KeyboardInterrupt(TOKEN)):
        with pytest.raises(type(error), match=TOKEN), redacting(redactor):
            raise error
    assert not built
    with pytest.raises(StatusError) as caught, redacting(redactor):
        raise StatusError(TOKEN, space=f"http://{TOKEN}", endpoint=f"/{TOKEN}")
    assert str(caught.value) == f"{MASK} [/{MASK} at http://{MASK}]"


class Model(BaseModel):
    number: int


def test_what_an_error_came_from_loses_it_too() -> None:
    redact = Redactor([TOKEN])
    inner = StatusError(f"no {TOKEN}")
    inner.__cause__ = ValueError(f"illegal line {TOKEN}")
    outer = JobLostError("the job was lost")
    outer.__cause__ = inner
    redact_error(outer, redact)
    assert outer.__cause__ is inner
    assert inner.message == f"no {MASK}"
    assert inner.__cause__ is None
    assert inner.__suppress_context__


def test_a_cause_that_shows_nothing_stays() -> None:
    redact = Redactor([TOKEN])
    error, plain = JobLostError("lost"), OSError("reset")
    error.__context__ = plain
    redact_error(error, redact)
    assert error.__context__ is plain
    error.__cause__ = plain
    plain.__cause__ = error  # a circle
    redact_error(error, redact)
    assert error.__cause__ is plain


def test_a_cause_that_repeats_input_is_not_shown() -> None:
    error = JobLostError("lost")
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"number": TOKEN})
    error.__cause__ = caught.value
    redact_error(error, Redactor())
    assert error.__cause__ is None


def test_problems_do_not_repeat_what_was_given() -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"number": TOKEN})
    (line,) = validation_problems(caught.value)
    assert line.startswith("number: Input should be a valid integer")
    with pytest.raises(ValidationError) as caught:
        Model.model_validate_json(TOKEN)
    (line,) = validation_problems(caught.value)
    assert line.startswith("Invalid JSON")
    assert TOKEN not in line


def test_log_lines_and_progress_lose_it_and_values_do_not() -> None:
    redact = Redactor([TOKEN])
    assert redact_event(Log(f"a {TOKEN}", "info", TOKEN, 1.0), redact) == Log(
        f"a {MASK}", "info", MASK, 1.0
    )
    assert redact_event(Log("a", "info", None, None), redact) == Log("a", "info", None, None)
    units = ProgressUnit(1, 2, TOKEN, None, f"b {TOKEN}"), ProgressUnit(1, 2, None, None, None)
    assert redact_event(Progress(units), redact) == Progress(
        (ProgressUnit(1, 2, MASK, None, f"b {MASK}"), units[1])
    )
    queued = Queued(1, 2, 3.0)
    assert redact_event(queued, redact) is queued


def test_a_text_of_any_length_is_cut_before_it_costs_time() -> None:
    redact = Redactor([TOKEN])
    text = "%25" * 2**20
    error = AppError(text, title=text)

    def redacted(event: Event[None]) -> Event[None]:
        return redact_event(event, redact)

    event = redacted(Log(text, "info", text, None))
    error.__cause__ = ValueError(text)
    redact_error(error, redact)
    assert isinstance(event, Log)
    for cut in (error.message, error.title, event.message, event.title):
        assert cut == text[:MAX_TEXT]
    assert error.__cause__ is None


def test_another_mask_takes_the_place_of_a_secret() -> None:
    assert Redactor(["S3CRET-1"], mask="GONE")("a S3CRET-1 b") == "a GONE b"


def test_escapes_of_several_kinds_are_resolved() -> None:
    assert unescape(r"a%20b \u0041\"&amp;&#65;") == 'a b A"&A'


def test_a_status_has_no_secret() -> None:
    redact = Redactor(["hf_secret"])
    unit = ProgressUnit(1, 2, "steps of hf_secret", None, None)
    status = Status(
        "running", progress=Progress((unit,)), log=Log("hf_secret", "info", None, None), outputs=3
    )
    redacted = redact_status(status, redact)
    assert "hf_secret" not in repr(redacted)
    assert (redacted.phase, redacted.outputs) == ("running", 3)
    assert redact_status(Status("queued"), redact) == Status("queued")
