"""A batch that is killed at random moments: `./scripts/kills` does it with thousands of rows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests import servers
from tests.batch.kills import png, row_of_negative, run

pytestmark = pytest.mark.requires("gradio-6.31.0")


def test_each_row_is_once_in_the_output_of_a_batch_that_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    with servers.serve("negative_app.py", servers.GRADIO_6) as app:
        report = run(app, tmp_path, rows=60, kills=2, chance=random.Random(36))
    assert not report.problems
    assert report.kept[-1] > 0


def test_an_image_names_its_row() -> None:
    inverted = bytes(255 - byte for byte in (70_000).to_bytes(3, "big"))
    assert row_of_negative(png(int.from_bytes(inverted, "big"))) == 70_000
