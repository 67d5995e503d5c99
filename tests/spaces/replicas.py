"""The Spaces that have a typed client taken from a replica, and how to take it again.

    python -m tests.spaces.replicas         writes every schema folder and client anew

A real Space's schemas are taken with `spacecall add owner/name`. These Spaces cannot be reached by
the tests: each has a replica in `tests/apps`, a real Gradio app with the Space's wire surface.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import anyio

from spacecall.codegen._project import client_builder
from spacecall.codegen._schemas.app_documents import AppDocuments, fetch_app
from tests import servers
from tests.servers import GRADIO_4, GRADIO_5

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Replica:
    """One app that stands for a Space.

    Attributes:
        space: the Space's id.
        name: of the facade's package: `flux-1-dev` is `spacecall.spaces.flux_1_dev`.
        app: in `tests/apps`.
        version: the Gradio that the Space is known to run on.
    """

    space: str
    name: str
    app: str
    version: str

    @property
    def client_name(self) -> str:
        """The name of the generated client."""
        return f"{self.name}-client"

    @property
    def folder(self) -> Path:
        """Where the schemas are."""
        return ROOT / "schemas/spaces" / self.space.replace("/", "--")

    @property
    def note(self) -> str:
        """What the lock says about it."""
        return (
            f"Taken from a replica of the Space on Gradio {self.version} (tests/apps/{self.app}), "
            "which answers as the Space is known to; its first lines say what is made up."
        )

    def documents(self, url: str) -> AppDocuments:
        """What the replica at `url` says of itself, under the Space's name."""
        return replace(anyio.run(fetch_app, url), source=self.space)


def _replica(space: str, name: str, version: str, app: str = "") -> Replica:
    return Replica(space, name, app or f"spaces/{name.replace('-', '_')}.py", version)


REPLICAS = (
    _replica("Qwen/QVQ-72B-preview", "qvq-72b", GRADIO_5, "qvq_replica.py"),
    _replica("Qwen/Qwen2.5", "qwen2-5", GRADIO_4),
    _replica("Qwen/Qwen2.5-1M-Demo", "qwen2-5-1m-demo", GRADIO_4),
    _replica("Qwen/Qwen2.5-Max-Demo", "qwen2-5-max-demo", GRADIO_5),
    _replica("Qwen/Qwen3-Demo", "qwen3-demo", GRADIO_5),
    _replica("black-forest-labs/FLUX.1-Kontext-Dev", "flux-1-kontext-dev", GRADIO_5),
    _replica("black-forest-labs/FLUX.1-dev", "flux-1-dev", GRADIO_5),
    _replica("black-forest-labs/FLUX.1-schnell", "flux-1-schnell", GRADIO_4),
    _replica("deepseek-ai/Janus-Pro-7B", "janus-pro-7b", GRADIO_5),
    _replica("stabilityai/stable-diffusion-3.5-large", "stable-diffusion-3-5-large", GRADIO_5),
)


def main() -> None:
    """Take every schema folder from its replica, and write its client."""
    for space in REPLICAS:
        with servers.serve(space.app, space.version) as server:
            app = space.documents(server.url)
        client_builder.add_client(app, ROOT, name=space.client_name, note=space.note)


if __name__ == "__main__":
    main()
