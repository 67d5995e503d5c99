"""Schemas and clients of Spaces against the replicas that they were taken from."""

from __future__ import annotations

import pytest

from spacecall.codegen import projects, store
from tests.spaces.conftest import Replicas
from tests.spaces.replicas import REPLICAS, ROOT, Replica


@pytest.mark.parametrize("one", REPLICAS, ids=lambda one: one.name)
def test_the_schemas_are_those_of_the_replica(one: Replica, replica: Replicas) -> None:
    app = one.documents(replica(one.name).url)
    taken = projects.describe(app, one.name, note=one.note)
    kept = store.read(one.folder)
    assert kept.documents == taken.documents, "python -m tests.spaces.replicas takes them anew"
    for field in ("name", "source", "title", "gradio", "protocol", "note", "left_out"):
        assert getattr(kept.lock, field) == getattr(taken.lock, field)


@pytest.mark.parametrize("one", REPLICAS, ids=lambda one: one.name)
def test_a_lock_says_that_it_was_taken_from_a_replica(one: Replica) -> None:
    lock = store.read(one.folder).lock
    assert "Taken from a replica" in lock.note
    assert lock.revision is None
    assert (ROOT / "tests/apps" / one.app).is_file()


def test_every_client_of_a_space_has_a_replica() -> None:
    known = {one.space.replace("/", "--") for one in REPLICAS} | {"microsoft--phi-4-multimodal"}
    assert {folder.name for folder in (ROOT / "schemas/spaces").iterdir()} == known
