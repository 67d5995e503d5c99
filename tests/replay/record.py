"""Record all scenes, or those with these names: `scripts/record [name …]`."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from spacecall.cassettes import use_cassette
from tests import servers
from tests.replay.scenes import SCENES

CASSETTES = Path(__file__).resolve().parent / "cassettes"
TEMPORARY = {"GRADIO_TEMP_DIR": "/tmp/gradio/"}
"""The folder of uploaded and created files on Spaces."""


def main(names: list[str]) -> None:
    unknown = sorted(set(names) - SCENES.keys())
    if unknown:
        sys.exit(f"unknown scenes: {', '.join(unknown)}; scenes: {', '.join(SCENES)}")
    for name in names or SCENES:
        scene = SCENES[name]
        with (
            servers.serve(scene.app, scene.version, env=TEMPORARY) as server,
            use_cassette(CASSETTES / f"{name}.json", mode="rewrite"),
        ):
            anyio.run(scene.play, server.url)
        print(f"{name}: recorded on Gradio {scene.version}")


if __name__ == "__main__":
    main(sys.argv[1:])
