"""Texts that are probably secrets: the formats of tokens and API keys of known services."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from spacecall._core.redaction import unescape

__all__ = ["FORMATS", "PLACEHOLDER", "Format", "find_kinds"]

PLACEHOLDER: Final = "SCRUBBED"
"""The text that replaces a secret."""

_LETTERS: Final = "A-Za-z0-9"
_START: Final = rf"(?<![{_LETTERS}])"
"""The beginning of a word; a letter or digit before it is the rest of another text."""
_DIGIT: Final = r"(?=[A-Za-z_+/.-]{0,31}\d)"
"""A digit soon: keys have digits, names and words often have none."""


@dataclass(frozen=True, slots=True)
class Format:
    """The format of a secret.

    Attributes:
        kind: what it is, for errors.
        parts: texts of which a secret contains at least one. Searching them is much cheaper than
            matching the pattern.
        pattern: of the secret.
    """

    kind: str
    parts: tuple[str, ...]
    pattern: re.Pattern[str]


def _key(service: str, *prefixes: str, length: int, letters: str = r"\w-") -> Format:
    """Return the format of keys that begin with a prefix.

    Args:
        service: whose keys they are.
        prefixes: of the keys.
        length: the fewest characters after the prefix.
        letters: the characters after the prefix, as in a regular expression.
    """
    names = "|".join(map(re.escape, prefixes))
    pattern = rf"{_START}(?:{names}){_DIGIT}[{letters}]{{{length},}}"
    return Format(f"an API key of {service}", prefixes, re.compile(pattern))


FORMATS: Final = (
    # Not inside of what may be base64 of a file, where such letters stand by chance.
    Format(
        "a Hugging Face token",
        ("hf_", "api_org_"),
        re.compile(rf"(?<![\w-]{{24}})(?:hf_[{_LETTERS}]{{16,}}|api_org_[{_LETTERS}]{{16,}})"),
    ),
    Format(
        "a JSON Web Token",
        ("eyJ",),
        re.compile(rf"{_START}eyJ[\w-]{{8,4096}}\.[\w-]{{8,4096}}\.[\w-]{{4,}}"),
    ),
    Format("a bearer token", ("earer",), re.compile(r"\b[Bb]earer\s+[\w.~+/-]{12,}")),
    Format(
        "an API key",
        ("sk-", "AIza", "AKIA", "ASIA"),
        re.compile(
            rf"{_START}(?:sk-[\w-]{{16,}}|AIza[\w-]{{30,}}"
            rf"|A[KS]IA[A-Z0-9]{{16}}(?![{_LETTERS}]))"
        ),
    ),
    Format(
        "a GitHub token",
        ("gh", "github_pat_"),
        re.compile(rf"{_START}(?:gh[pousr]_[{_LETTERS}]{{20,}}|github_pat_\w{{20,}})"),
    ),
    Format(
        "a private key",
        ("PRIVATE KEY",),
        re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"),
    ),
    Format(
        "a password in an address",
        ("://",),
        re.compile(rf"://[^\s/@:?#]{{0,256}}:(?!{PLACEHOLDER}@)[^\s/@?#]{{1,256}}@"),
    ),
    _key("Azure", "AccountKey=", length=40, letters=f"{_LETTERS}+/"),
    Format("an API key of Azure", ("JQQJ99",), re.compile(rf"JQQJ99[{_LETTERS}]{{20,}}")),
    Format("a client secret of Azure", ("8Q~",), re.compile(r"\w{3}8Q~[\w~.-]{31,}")),
    _key("Cerebras", "csk-", length=20, letters=_LETTERS),
    _key("Databricks", "dapi", length=32, letters="a-f0-9"),
    _key("DigitalOcean", "dop_v1_", "doo_v1_", "dor_v1_", length=40, letters="a-f0-9"),
    _key("Docker", "dckr_pat_", length=20),
    _key("ElevenLabs or Novita", "sk_", length=32),
    _key("Fireworks", "fw_", length=16, letters=_LETTERS),
    _key("GitLab", "glpat-", "gldt-", "glrt-", "glptt-", length=20, letters=r"\w.-"),
    _key("Google", "ya29.", "GOCSPX-", length=20),
    _key("Groq", "gsk_", length=20, letters=_LETTERS),
    _key("npm", "npm_", length=30, letters=_LETTERS),
    _key("NVIDIA", "nvapi-", length=20),
    _key("Perplexity", "pplx-", length=20, letters=_LETTERS),
    _key("PyPI", "pypi-Ag", length=30),
    _key("Replicate", "r8_", length=30, letters=_LETTERS),
    _key("SendGrid", "SG.", length=40, letters=r"\w.-"),
    _key("Slack", *(f"xox{kind}-" for kind in "abeoprs"), "xapp-", length=16),
    _key("Stripe", "sk_live_", "sk_test_", "rk_live_", "rk_test_", length=16, letters=_LETTERS),
    _key("Tavily", "tvly-", length=20),
    _key("Together", "tgp_v1_", length=20),
    _key("xAI", "xai-", length=20, letters=_LETTERS),
)
# Encoded backslashes, as in a query that has JSON.
_BACKSLASH: Final = re.compile(r"%(?:25){0,9}5c|\\(?:u005c|x5c)|&#(?:92|x5c);", re.IGNORECASE)
_ESCAPED_ESC: Final = re.compile(r"\\(?:e|0?33)(?=\[)")
# Escapes that `unescape` would take for a letter or a digit before a secret.
_WHITE_SPACE: Final = re.compile(r"\\(?:[abefnrtv]|[0-7]{1,3}|U[0-9A-Fa-f]{8})")
# Codes of terminals for colours and so on; logs often lose the ESC.
_TERMINAL_CODE: Final = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[ -/]{0,8}[0-Z\\-~])|\[[0-9;]{1,32}m"
)
_BASIC: Final = re.compile(r"\b[Bb]asic\s+([\w+/-]{4,1000}={0,2})")


def find_kinds(text: str) -> Iterator[str]:
    """Yield the kind of each probable secret in a text, also of one with escapes."""
    forms = {*_forms(text)}
    kinds = dict.fromkeys(
        each.kind
        for each in FORMATS
        for form in forms
        if any(part in form for part in each.parts) and each.pattern.search(form)
    )
    yield from kinds
    if any(_is_basic(match[1]) for form in forms for match in _BASIC.finditer(form)):
        yield "Basic credentials"


def _forms(text: str) -> Iterator[str]:
    """Yield a text as it is, and as one reads it: without escapes and codes of terminals."""
    yield text
    yield unescape(text)
    escaped = _ESCAPED_ESC.sub("\x1b", _BACKSLASH.sub(r"\\", text))
    for form in {escaped, unescape(_WHITE_SPACE.sub(" ", escaped))}:
        yield _TERMINAL_CODE.sub(" ", form)
        yield _TERMINAL_CODE.sub("", form)  # codes in a secret


def _is_basic(credentials: str) -> bool:
    """Return whether a text is the base64 of `name:password`."""
    try:
        plain = base64.b64decode(credentials, altchars=b"-_").decode()
    except ValueError:
        return False
    return ":" in plain and plain.isprintable()
