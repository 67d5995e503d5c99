"""Texts that are probably secrets: the formats of tokens and API keys of known services."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from spacecall._core.redaction import unescape

__all__ = ["FORMATS", "PLACEHOLDER", "Format", "find_kinds"]

PLACEHOLDER: Final = "SCRUBBED"
"""The text that replaces a secret."""

_LETTERS: Final = "A-Za-z0-9"
_WORD_START: Final = rf"(?<![{_LETTERS}])"
"""The beginning of a word: `sk-` is no key in `task-`."""
_NOT_IN_BASE64: Final = rf"(?:{_WORD_START}|(?<![\w-]{{24}}))"
"""Also after the letters of a name, but not inside of what may be base64 of a file, where the
letters of a prefix stand by chance."""


def _random(letters: str, length: int) -> str:
    """Return the pattern of random characters: words and identifiers do not match.

    They have a digit, or a capital after a small letter, among the first 41. Of random keys without
    digits almost all have such a capital: `tests/cassettes/test_secret_formats.py` computes how
    many of a service's keys have neither, fewer than 1 in 50,000.

    Args:
        letters: the characters, as in a regular expression.
        length: the fewest characters.
    """
    irregular = rf"(?=[{letters}]{{0,39}}?(?:[0-9]|[a-z][A-Z]))"
    return rf"{irregular}[{letters}]{{{length},}}"


# Each pattern takes time that is linear in the text: what repeats without a bound ends before the
# text with which the next match could begin.
_JWT_BEGINS: Final = ("eyJ", "eyAi", "ewog", "ewoi", "ewoJ", "ew0K")
"""Of the base64 of `{"`, and of `{` and then a blank or the end of a line."""
_JWT: Final = (
    r"(?<![\w-])"  # once for each run of these characters
    rf"(?=[\w-]*?(?:{_WORD_START}(?:{'|'.join(_JWT_BEGINS)})[\w-]{{8}}"
    r"|eyJ[\w-]{4}iOi))"  # {"abc":
    # Signed or encrypted; unsigned; encrypted without a key; signed, of the payload {}.
    r"[\w-]+={0,2}\.(?:[\w-]{8,}={0,2}\.[\w-]{4}|eyJ[\w-]{5,}\.|\.[\w-]{16}|e30\.[\w-]{16})"
)
_BEARER_LETTERS: Final = r"\w.~/-"
_BEARER: Final = (
    rf"{_WORD_START}(?i:bearer)"
    # A space is + in a query, where a + of the token is encoded.
    rf"(?:\s+{_random('+' + _BEARER_LETTERS, 8)}|\++{_random(_BEARER_LETTERS, 8)}"
    rf"|[\s+]+[{_LETTERS}]{{16}})"
)
_RANDOM_BASE64: Final = re.compile(_random(r"\w+/-", 4))
_BASIC: Final = rf"{_WORD_START}(?i:basic)[\s+]+([\w+/-]{{4,1000}})"
_ADDRESS: Final = (
    r"://(?!\[)[^\s/:?#\"<>]*:"  # not an IPv6 address; a name may be that of a mailbox
    rf"(?:(?!{PLACEHOLDER}@)[^\s/@?#\"<>]+"
    # With characters that should be encoded; not a port, and not a variable of a program.
    r"|(?![0-9]{1,5}[/?#]|[{$])[^\s/@?#\"<>]+[/?#][^\s@:\"<>]*)@"
)


@dataclass(frozen=True, slots=True)
class Format:
    """The format of a secret.

    Attributes:
        kind: what it is, for errors.
        parts: texts of which a secret contains at least one. Searching them is much cheaper than
            matching the pattern.
        pattern: of the secret.
        is_secret: tells of a match of the pattern whether it is a secret.
        ignores_case: whether the parts, in lower case, may be in any case.
    """

    kind: str
    parts: tuple[str, ...]
    pattern: re.Pattern[str]
    is_secret: Callable[[re.Match[str]], bool] = field(default=bool)
    ignores_case: bool = False


def _key(
    service: str,
    *prefixes: str,
    length: int,
    letters: str = r"\w-",
    before: str = _NOT_IN_BASE64,
) -> Format:
    """Return the format of keys that begin with a prefix.

    Args:
        service: whose keys they are.
        prefixes: of the keys.
        length: the fewest characters after the prefix.
        letters: the characters after the prefix, as in a regular expression.
        before: the pattern of where a key can begin.
    """
    names = "|".join(map(re.escape, prefixes))
    pattern = re.compile(rf"{before}(?:{names}){_random(letters, length)}", re.ASCII)
    return Format(f"an API key of {service}", prefixes, pattern)


def _has_name_and_password(match: re.Match[str]) -> bool:
    """Return whether credentials are the base64 of `name:password`, in UTF-8 or Latin-1."""
    credentials = match[1]
    try:
        data = base64.b64decode(credentials + "=" * (-len(credentials) % 4), altchars=b"-_")
    except ValueError:
        return False
    try:
        plain = data.decode()
    except UnicodeDecodeError:  # a word, unless its letters are random
        plain = data.decode("latin-1") if _RANDOM_BASE64.match(credentials) else ""
    return ":" in plain and plain.isprintable()


FORMATS: Final = (
    Format(
        "a Hugging Face token",
        ("hf_", "api_org_"),
        re.compile(
            rf"(?<![\w-]{{24}})(?:hf|api_org)_[{_LETTERS}]{{16,}}"
            # Three letters also stand in base64 by chance, but seldom with 34 more.
            rf"|(?:{_WORD_START}(?:hf|api_org)_[{_LETTERS}]{{34}}|hf_[A-Za-z]{{34}})"
            rf"(?![{_LETTERS}])"
        ),
    ),
    Format("a JSON Web Token", _JWT_BEGINS, re.compile(_JWT, re.ASCII)),
    Format("a bearer token", ("bearer",), re.compile(_BEARER), ignores_case=True),
    Format(
        "Basic credentials",
        ("basic",),
        re.compile(_BASIC),
        _has_name_and_password,
        ignores_case=True,
    ),
    Format(
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        re.compile(rf"{_NOT_IN_BASE64}gh[pousr]_[{_LETTERS}]{{20,}}"),
    ),
    Format(
        "a private key",
        ("PRIVATE KEY",),
        re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"),
    ),
    Format("a password in an address", ("://",), re.compile(_ADDRESS)),
    Format(
        "an API key of AWS",
        ("AKIA", "ASIA"),
        re.compile(rf"{_NOT_IN_BASE64}A[KS]IA[A-Z0-9]{{16}}(?![{_LETTERS}])"),
    ),
    _key("Azure", "AccountKey=", length=40, letters=f"{_LETTERS}+/", before=""),
    Format("an API key of Azure", ("JQQJ99",), re.compile(rf"JQQJ99[{_LETTERS}]{{20,}}")),
    Format("a client secret of Azure", ("8Q~",), re.compile(r"\w{3}8Q~[\w~.-]{31,}")),
    _key("Cerebras", "csk-", length=20, letters=_LETTERS),
    _key("Databricks", "dapi", length=32, letters="a-f0-9"),
    _key("DigitalOcean", "dop_v1_", "doo_v1_", "dor_v1_", length=40, letters="a-f0-9"),
    _key("Docker", "dckr_pat_", length=20),
    _key("ElevenLabs or Novita", "sk_", length=32, before=_WORD_START),
    _key("Fireworks", "fw_", length=16, letters=_LETTERS, before=_WORD_START),
    _key("GitHub", "github_pat_", length=20),
    _key("GitLab", "glpat-", "gldt-", "glrt-", "glptt-", length=20, letters=r"\w.-"),
    _key("Google", "ya29.", "GOCSPX-", length=20),
    _key("Google", "AIza", length=30, before=_WORD_START),
    _key("Groq", "gsk_", length=20, letters=_LETTERS),
    _key("npm", "npm_", length=30, letters=_LETTERS),
    _key("NVIDIA", "nvapi-", length=20),
    _key("OpenAI, Anthropic, DeepSeek or OpenRouter", "sk-", length=16, before=_WORD_START),
    _key("Perplexity", "pplx-", length=20, letters=_LETTERS),
    _key("PyPI", "pypi-Ag", length=30),
    _key("Replicate", "r8_", length=30, letters=_LETTERS, before=_WORD_START),
    _key("SendGrid", "SG.", length=40, letters=r"\w.-", before=_WORD_START),
    _key("Slack", *(f"xox{kind}-" for kind in "abeoprs"), length=16),
    _key("Slack", "xapp-", length=16, before=_WORD_START),
    _key(
        "Stripe",
        *("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        length=16,
        letters=_LETTERS,
        before=_WORD_START,
    ),
    _key("Tavily", "tvly-", length=20),
    _key("Together", "tgp_v1_", length=20),
    _key("xAI", "xai-", length=20, letters=_LETTERS),
)
_FORMATS_BY_PART: Final = tuple((part, each) for each in FORMATS for part in each.parts)
# Encoded backslashes, as in a query that has JSON.
_BACKSLASH: Final = re.compile(r"%(?:25){0,9}5c|\\(?:u005c|x5c)|&#(?:92|x5c);", re.IGNORECASE)
_ESCAPED_ESC: Final = re.compile(r"\\(?:e|0?33)(?=\[)")
# Escapes that `unescape` would take for a letter or a digit before a secret.
_WHITE_SPACE: Final = re.compile(r"\\(?:[abefnrtv]|[0-7]{1,3}|U[0-9A-Fa-f]{8})")
# Codes of terminals for colours and so on; logs often lose the ESC.
_TERMINAL_CODE: Final = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[ -/]{0,8}[0-Z\\-~])|\[[0-9;]{1,32}m"
)


def find_kinds(text: str) -> Iterator[str]:
    """Yield the kind of each probable secret in a text, also of one with escapes."""
    kinds: dict[str, None] = {}
    for form in dict.fromkeys(_forms(text)):
        lower = form.lower()
        candidates = [
            each
            for part, each in _FORMATS_BY_PART
            if part in (lower if each.ignores_case else form)
        ]
        for each in dict.fromkeys(candidates):
            if any(map(each.is_secret, each.pattern.finditer(form))):
                kinds[each.kind] = None
    yield from kinds


def _forms(text: str) -> Iterator[str]:
    """Yield a text as it is, and as one reads it: without escapes and codes of terminals."""
    yield text
    yield unescape(text)
    escaped = _ESCAPED_ESC.sub("\x1b", _BACKSLASH.sub(r"\\", text))
    for form in {escaped, unescape(_WHITE_SPACE.sub(" ", escaped))}:
        yield _TERMINAL_CODE.sub(" ", form)
        yield _TERMINAL_CODE.sub("", form)  # codes in a secret
