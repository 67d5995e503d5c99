"""Schemas and clients of Spaces against the replicas that they were taken from."""

from __future__ import annotations

import pytest

from spacecall.codegen._project import client_builder
from spacecall.codegen._schemas import schema_folder
from tests.spaces.conftest import Replicas
from tests.spaces.replicas import REPLICAS, ROOT, Replica


@pytest.mark.parametrize("space", REPLICAS, ids=lambda space: space.name)
def test_the_schemas_are_those_of_the_replica(space: Replica, replica: Replicas) -> None:
    app = space.documents(replica(space.name).url)
    taken = client_builder.build_schema_folder(app, space.client_name, note=space.note)
    stored = schema_folder.read_folder(space.folder)
    assert stored.documents == taken.documents, "python -m tests.spaces.replicas takes them anew"
    for field in ("name", "source", "title", "gradio", "protocol", "note", "left_out"):
        assert getattr(stored.lock, field) == getattr(taken.lock, field)


@pytest.mark.parametrize("space", REPLICAS, ids=lambda space: space.name)
def test_a_lock_says_that_it_was_taken_from_a_replica(space: Replica) -> None:
    lock = schema_folder.read_folder(space.folder).lock
    assert "Taken from a replica" in lock.note
    assert lock.revision is None
    assert (ROOT / "tests/apps" / space.app).is_file()


def test_every_client_of_a_space_has_a_replica() -> None:
    folders = {space.space.replace("/", "--") for space in REPLICAS} | {
        "microsoft--phi-4-multimodal"
    }
    assert {folder.name for folder in (ROOT / "schemas/spaces").iterdir()} == folders
