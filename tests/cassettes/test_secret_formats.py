"""Texts that no recording contains, because they look like secrets, and texts that only seem so."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from pathlib import Path
from time import process_time

import pytest

from spacecall import SyncSpace
from spacecall.cassettes import SecretFoundError, use_cassette
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.scrubber import find_secrets, find_secrets_in_file
from spacecall.cassettes._format.secret_formats import FORMATS, PLACEHOLDER, find_kinds
from tests.servers import AppServer

SECRET = "Q7w-9zLp/4tYx+Kc"
TOKEN = "hf_" + "abcdefghij0123456789"
ALNUM = string.ascii_letters + string.digits
URL_SAFE = ALNUM + "-_"
SMALL = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"x{TOKEN}",
        f"_{TOKEN}",
        TOKEN.replace("_", "%5F"),
        TOKEN.replace("_", "%255f"),
        TOKEN.replace("_", r"\u005f"),
        "Basic " + base64.b64encode(b"me:" + SECRET.encode()).decode(),
        f"https://me:{SECRET.replace('/', '-')}@host/x",
        f"_sk-{'a1' * 10}",
        f"%2Fgithub_pat_{'a1' * 12}",
    ],
)
def test_tokens_are_found_in_every_form(text: str) -> None:
    assert list(find_secrets(Exchange("GET", "http://a/x", body={"json": [text]}))), text


KEYS = {
    "AKIA": "ABCDEFGHIJ234567",
    "ASIA": "ABCDEFGHIJ234567",
    "AIza": "SyA-12345" * 4,
    "sk-ant-": "a1B2c3D4" * 4,
    "AccountKey=": "a+/B2c3D" * 11,
    "csk-": "a1B2c3D4" * 5,
    "dapi": "0a1b2c3d" * 4,
    "dop_v1_": "0a1b2c3d" * 8,
    "dckr_pat_": "a1-B2_c3" * 3,
    "sk_": "0123456789abcdef" * 3,
    "fw_": "a1B2c3D4e5F6g7H8i9J0",
    "glpat-": "a1B2-3D4" * 3,
    "ya29.": "a1B2-3D4" * 6,
    "GOCSPX-": "a1B2-3D4" * 4,
    "gsk_": "a1B2c3D4" * 6,
    "npm_": "a1B2c3D4e" * 4,
    "nvapi-": "a1B2-3_4" * 8,
    "pplx-": "a1B2c3D4" * 6,
    "pypi-Ag": "EIcHlwaS5vcmcC" * 9,
    "r8_": "a1B2c3D4e5F6g7" * 3,
    "SG.": "a1B2c3D4e5F6g7H8i9J0ab." + "a1B2c3D4" * 5,
    "xoxb-": "1234567890-123456789012-AbCdEfGh",
    "xoxp-": "1234567890-123456789012-AbCdEfGh",
    "xapp-": "1-A0123456789-1234567890-abcdef",
    "sk_live_": "a1B2c3D4" * 3,
    "rk_live_": "a1B2c3D4" * 3,
    "tvly-": "dev-a1B2c3D4e5F6g7H8",
    "tgp_v1_": "a1B2-3_4" * 5,
    "xai-": "a1B2c3D4" * 10,
}
"""Keys of many services, by the texts that they begin with."""


@pytest.mark.parametrize("prefix", KEYS)
def test_keys_of_known_services_are_found(prefix: str) -> None:
    for text in (f"my key: {prefix}{KEYS[prefix]}", f"{prefix}{KEYS[prefix]}."):
        assert list(find_kinds(text)), text
    for text in (f"{prefix}…", f"the prefix {prefix} of a key"):
        assert not list(find_kinds(text)), text


def test_the_docs_list_the_formats_of_secrets() -> None:
    page = Path(__file__).parents[2] / "docs/cassettes.md"
    formats = page.read_text(encoding="utf-8").partition("### Formats of secrets")[2]
    formats = formats.partition("\n## ")[0]
    missing = [
        part
        for each in FORMATS
        for part in each.parts
        if each.kind.startswith(("an API key", "a client secret")) and f"`{part}" not in formats
    ]
    assert not missing


@pytest.mark.parametrize(
    "text",
    [
        "Basic understanding of a bearer bond",
        "sk_learn_model_selection_train_test_split",
        "npm_config_registry, npm_lifecycle_event",
        "fw_acceleratedtransformer",
        "r8_unorm, VK_FORMAT_R8_UNORM",
        "xai-explainable-methods-of-2024",
        "the 8Q~ of an apple; SG.1.2",
        "task-force-of-the-north-east",
        "https://host:8080/path@2x.png",
        "A" * 30 + "hf_" + "A" * 20,
        f"https://me:{PLACEHOLDER}@host/x",
        "ratio 10://x",
    ],
)
def test_other_texts_are_not_taken_for_tokens(text: str) -> None:
    assert not list(find_kinds(text))


RANDOM_KEYS = {
    "GitLab": ("glpat-", URL_SAFE, 20),
    "Stripe": ("sk_live_", ALNUM, 24),
    "Fireworks": ("fw_", ALNUM, 22),
    "the shortest of Fireworks": ("fw_", ALNUM, 16),
    "Tavily": ("tvly-", ALNUM, 32),
    "Docker": ("dckr_pat_", URL_SAFE, 27),
    "Google": ("GOCSPX-", URL_SAFE, 28),
    "Google Maps": ("AIza", URL_SAFE, 35),
    "Cerebras": ("csk-", SMALL, 48),
    "Databricks": ("dapi", HEX, 32),
    "DigitalOcean": ("dop_v1_", HEX, 64),
    "ElevenLabs": ("sk_", HEX, 48),
    "Novita": ("sk_", URL_SAFE, 43),
    "OpenAI": ("sk-", ALNUM, 48),
    "DeepSeek": ("sk-", HEX, 32),
    "Hugging Face": ("hf_", string.ascii_letters, 34),
    "GitHub": ("ghp_", ALNUM, 36),
    "Groq": ("gsk_", ALNUM, 52),
    "npm": ("npm_", ALNUM, 36),
    "NVIDIA": ("nvapi-", URL_SAFE, 64),
    "Perplexity": ("pplx-", ALNUM, 48),
    "Replicate": ("r8_", ALNUM, 37),
    "Together": ("tgp_v1_", URL_SAFE, 43),
    "xAI": ("xai-", ALNUM, 80),
    "Azure": ("AccountKey=", ALNUM + "+/", 86),
}
"""Prefix, characters and length of the keys of services."""


def share_without_marks(letters: str, length: int) -> float:
    """Return how many of random texts have neither a digit nor a capital after a small letter."""
    counts = [sum(char in kind for char in letters) for kind in (SMALL[:26], string.digits)]
    small, digits = (count / len(letters) for count in counts)
    capitals = sum(char in string.ascii_uppercase for char in letters) / len(letters)
    after_small, after_another = 0.0, 1.0
    for _ in range(min(length, 40)):
        after_small, after_another = (
            (after_small + after_another) * small,
            after_another * capitals
            + (after_small + after_another) * (1 - small - capitals - digits),
        )
    return after_small + after_another


@pytest.mark.parametrize("service", RANDOM_KEYS)
def test_fewer_than_one_in_50_000_random_keys_is_missed(service: str) -> None:
    _, letters, length = RANDOM_KEYS[service]
    assert share_without_marks(letters, length) < 1 / 50_000


@pytest.mark.parametrize("service", RANDOM_KEYS)
def test_random_keys_are_found_also_without_digits(service: str) -> None:
    prefix, letters, length = RANDOM_KEYS[service]
    generator = random.Random(service)
    without_digits = "".join(char for char in letters if not char.isdigit())
    if not {*without_digits} & {*string.ascii_uppercase}:
        without_digits = letters  # hexadecimal and small letters: all but one in 400,000 have some
    keys = [prefix + "".join(generator.choices(without_digits, k=length)) for _ in range(300)]
    assert [key for key in keys if not list(find_kinds(key))] == []


def encode_json(value: object) -> str:
    """Return a part of a JSON Web Token."""
    return encode(json.dumps(value).encode())


def encode(content: bytes) -> str:
    """Return base64 as in a JSON Web Token."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def make_jwt(claims: int, header: str = encode_json({"alg": "HS256"})) -> str:
    """Return a token with many claims."""
    payload = encode_json({f"claim-{number}": "value" for number in range(claims)})
    return f"{header}.{payload}.{'a-B_3' * 8}"


JWE = f"{encode_json({'alg': 'dir', 'enc': 'A256GCM'})}..{'aB3-' * 4}.{'x_Y' * 9}.{'z9' * 11}"
KEY = "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"
SECRETS = {
    "a GitLab token without digits": "glpat-MrwCgQLDJHWMgNmCcfYa",
    "a Stripe key without digits": "sk_live_AbCdEfGhJkLmNpQrStUvWxYz",
    "a Fireworks key without digits": "fw_AbCdEfGhJkLmNpQrStUvWxYz",
    "a Tavily key without digits": "tvly-AbCdEfGhJkLmNpQrStUvWxYzAbCdEfGh",
    "a Docker token without digits": "dckr_pat_AbCdEfGh-kLmNpQrStUvWxYzabc",
    "a client secret without digits": "GOCSPX-AbCdEfGhJkLmNpQrStUvWxYzabcd",
    "a JWT of many claims": make_jwt(1_000),
    "a JWT with a long header": make_jwt(1, encode_json({"alg": "RS256", "x5c": ["A" * 9_000]})),
    **{
        f"a JWT that begins with {header!r}": f"{encode(header)}.{encode(b'{}')}.{'a-B_3' * 8}"
        for header in (
            b'{ "alg":"HS256"}',
            b'{\n"alg":"HS256"}',
            b'{\n  "alg":"HS256"}',
            b'{\n\t"alg":"HS256"}',
            b'{\r\n"alg":"HS256"}',
        )
    },
    "a JWT after a letter": f"token{make_jwt(1)}",
    "a JWT after a hyphen": f"session-{make_jwt(1)}",
    "an unsigned JWT": f"{encode_json({'alg': 'none'})}.{encode_json({'sub': 'ann'})}.",
    "an encrypted token": JWE,
    "a password of a mailbox": "smtp://ada@example.com:s3cretPassw0rd@smtp.example.com:587",
    "Basic in Latin-1": "Authorization: Basic dXNlcjpw5HNzd/ZydA==",
    "Basic without padding": "Basic dXNlcjpwYXNzd29yZA",
    "Basic in capitals": "BASIC dXNlcjpwYXNzd29yZA==",
    "Basic in a form": "auth=basic+dXNlcjpwYXNzd29yZA%3D%3D",
    "Bearer in capitals": f"BEARER {KEY[:30]}",
    "Bearer in small letters": "authorization: bearer q7w9zlp4",
    "Bearer in a form": f"auth=Bearer+{KEY[:30]}",
    "Bearer in a URL": f"https://h/x?auth=Bearer%20{KEY[:30]}",
    "Bearer with base64": "Bearer a+B/c3d+e",
    "a short bearer token": "Bearer abc123def45",
    "a bearer token of small letters": "Bearer abcdefghijklmnop",
    "hf_ after a long name": f"HUGGING_FACE_HUB_TOKEN_VALUE_hf_{KEY}",
    "hf_ after many letters": f"HUGGINGFACEHUBTOKENVALUE1hf_{KEY}",
    "ghp_ after a letter": f"tokenghp_{'a1B2' * 9}",
    "gsk_ after a digit": f"key1gsk_{'a1B2' * 13}",
    "glpat- after a long name": f"MY_PERSONAL_ACCESS_TOKEN_OF_GITLAB_glpat-{KEY[:20]}",
    "AccountKey after a long name": f"AzureWebJobsDashboardStorageAccountKey={KEY * 3}==",
    "a long password": f"https://bob:{'p' * 300}@h/x",
    "a long user": f"https://{'u' * 300}:pass@h/x",
    "a password alone": "redis://:pass@h/0",
    "a password with a slash": "postgres://u:pa/ss@h/db",
    "a password with ? and #": "postgres://u:p?a#ss@h/db",
    "a PGP key": "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "an SSH key": "---- and -----BEGIN OPENSSH PRIVATE KEY-----",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=[*SECRETS])
def test_a_secret_is_found_alone_and_in_a_text(text: str) -> None:
    for form in (text, f"log: {text}, and more", json.dumps({"a": f"\n{text}\n"})):
        assert list(find_kinds(form)), form


def test_a_text_with_a_secret_is_not_recorded(protocol_app: AppServer, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    for text in ("glpat-MrwCgQLDJHWMgNmCcfYa", JWE, "BEARER abc123def45"):
        with (
            pytest.raises(SecretFoundError),
            use_cassette(path, mode="rewrite"),
            SyncSpace(protocol_app.url) as space,
        ):
            space.call("/noqueue", text=text).result()
        assert not path.exists()


generator = random.Random(7)
HARMLESS = {
    "prose": (
        "The bearer of news has a bearer token. Bearer authentication is basic knowledge; the "
        "basic principles of task-management, risk-analysis-and-mitigation and e-mail me@host."
    ),
    "prose in a form": "q=bearer+of+good+news+in+2024&title=basic+knowledge+of+chemistry",
    "kebab case": "sk-learn-model-selection, sk-toggleable__label-arrow, tvly-search-results-page",
    "placeholders": "glpat-your-token-goes-here, Bearer your-hugging-face-token, sk-your-api-key",
    "variables": "f'Bearer {token}', 'Bearer $HF_TOKEN', 'Bearer YOUR_API_KEY', 'Bearer <token>'",
    "Python": (
        "def fw_load_model_weights(sk_model_selection_and_validation_of_estimators=None):\n"
        "    fw_acceleratedtransformer_v2 = task_live_stream_of_2024\n"
        "    return npm_config_registry_url_of_2024, gsk_some_identifier_of_2024\n"
    ),
    "Java": "monkeyJumpHandler.addEventListener.call(keyJsonSerializer.writeValue.apply)",
    "modules": "spacecall.cassettes._format.secret_formats eyJ.eyJ.eyJ example.com.example.org",
    "an ellipsis": "eyJhbGciOiJIUzI1NiJ9... eyJhbGciOiJIUzI1NiJ9.",
    "addresses": (
        "http://localhost:7860/gradio_api/file=@x, https://packages.example.org:443/@scope/name "
        "http://me@host/x mailto:me@host git@github.com:owner/name.git "
        "http://[::1]:7860/gradio_api/file=/a@b.png http://me@host:7860/@x "
        "`http://${host}:${port}/@vite/client` http://{host}:{port}/@{name}"
    ),
    "addresses in JSON": '{"url":"http://localhost:7860","mail":"me@host","x":"http://h:80/a@b"}',
    "UUIDs": " ".join(str(uuid.UUID(int=generator.getrandbits(128))) for _ in range(500)),
    "hashes": " ".join(
        f"layer8_{hashlib.sha256(bytes([number])).hexdigest()} task_test_{'0a1b' * 8}"
        for number in range(250)
    ),
    "an image": f"data:image/png;base64,{base64.b64encode(generator.randbytes(300_000)).decode()}",
    "base64 of URLs": base64.urlsafe_b64encode(generator.randbytes(30_000)).decode(),
    "words after Basic": " ".join(
        f"Basic {word}"
        for word in Path(__file__).read_text(encoding="utf-8").split()
        if word.isalpha()
    ),
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=[*HARMLESS])
def test_prose_identifiers_code_and_files_are_no_secrets(text: str) -> None:
    assert not list(find_kinds(text))


def test_the_sources_and_pages_of_this_project_have_no_secrets_but_an_example() -> None:
    root = Path(__file__).parents[2]
    paths = [*(root / "src").rglob("*.py"), *(root / "docs").rglob("*.md")]
    texts = [path.read_text(encoding="utf-8").replace("user:password@", "") for path in paths]
    assert [list(find_kinds(text)) for text in texts] == [[]] * len(texts)


PIECES = (
    *("-eyJ", "eyJ", "eyJ.", "a.", "eyJaaaaaaaa..", "eyJaaaaaaaa.aaaaaaaa.", "_eyJaaaaaaaa"),
    *("ewog", "-ewog", "ewogaaaaaaaa=.", "eyJaaaaaaaa.e30.", "://a@", "://a@b:"),
    *("://", "://a:b/", "://a:b:", "://a:", "://a:b/c", "a:b@", "://a"),
    *("Basic ", "basic+", "Basic zzo", "bearer ", "bearer+", "bearer a", "BEARER\t"),
    *("hf_", "%25", "\\u005c", "sk-", "sk_", "sk_a", "xoxb-", "_8Q~", "AccountKey=", "glpat-."),
    *("AIza-", "AKIA", "GOCSPX-", "gsk_a", "github_pat_", "-----BEGIN ", "a" * 30 + "ghp_"),
)


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_text_of_pieces_of_secrets_is_searched_in_linear_time(piece: str) -> None:
    """A quadratic search would take minutes."""
    started = process_time()
    list(find_kinds(piece * (400_000 // len(piece))))
    assert process_time() - started < 20


def test_a_long_token_across_two_chunks_of_a_large_body_is_found(tmp_path: Path) -> None:
    path = tmp_path / "body"
    token = make_jwt(1_000)
    assert len(token) > 2**14
    path.write_bytes(b" " * (2**20 - len(token) + 10) + token.encode() + b" " * 100)
    assert any("JSON Web Token" in line for line in find_secrets_in_file(path))
