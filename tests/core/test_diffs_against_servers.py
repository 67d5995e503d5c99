"""Folding the diffs that Gradio's own servers make."""

from __future__ import annotations

import json
import os
import random
import subprocess
from typing import Any

import pytest

from spacecall._core.diffs import fold
from spacecall._core.json_values import is_array, is_object
from tests import servers

CASES = 4000
SCRIPT = """
import json, sys
from gradio.utils import diff
for line in sys.stdin:
    old, new = json.loads(line)
    print(json.dumps(diff(old, new)))
"""


def any_json(chance: random.Random, depth: int) -> Any:
    kind = chance.random()
    if depth > 0 and kind < 0.35:
        return [any_json(chance, depth - 1) for _ in range(chance.randrange(6))]
    if depth > 0 and kind < 0.65:
        keys = chance.sample("abcde", chance.randrange(5))
        return {key: any_json(chance, depth - 1) for key in keys}
    if kind < 0.85:
        return "".join(chance.choices("ab ", k=chance.randrange(6)))
    return chance.choice([None, True, False, 0, 1, 2.5, -7])


def changed(chance: random.Random, value: Any) -> Any:
    """`value` with some places changed, some lists and objects shorter or longer."""
    if chance.random() < 0.1:
        return any_json(chance, 2)
    if is_array(value):
        left = [changed(chance, item) for item in value if chance.random() < 0.7]
        return left + [any_json(chance, 1) for _ in range(chance.choice([0, 0, 1, 2]))]
    if is_object(value):
        members = {
            key: changed(chance, item) for key, item in value.items() if chance.random() < 0.8
        }
        return members | ({"z": any_json(chance, 1)} if chance.random() < 0.2 else {})
    if isinstance(value, str) and chance.random() < 0.5:
        return value + "more"
    return value


def cases() -> list[tuple[Any, Any]]:
    chance = random.Random(20_240_607)
    olds = [any_json(chance, 4) for _ in range(CASES)]
    return [(old, changed(chance, old)) for old in olds]


@pytest.mark.requires("gradio-5.50.0", "gradio-6.31.0")
@pytest.mark.parametrize("version", [servers.GRADIO_5, servers.GRADIO_6])
def test_the_diffs_of_a_real_server_lead_to_its_values(version: str) -> None:
    pairs = cases()
    done = subprocess.run(
        [servers.python_of(version), "-I", "-c", SCRIPT],
        input="\n".join(json.dumps(pair) for pair in pairs),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"},
    )
    diffs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(diffs) == CASES
    assert sum(len(diff) > 1 for diff in diffs) > CASES / 4
    wrong = [
        (pair, diff)
        for pair, diff in zip(pairs, diffs, strict=True)
        if fold([pair[0]], [diff]) != [pair[1]]
    ]
    assert wrong == []
