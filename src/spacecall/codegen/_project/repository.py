"""Read the git repository of a project: its root, and the files of a revision."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Final

from spacecall.errors import InvalidInputError

__all__ = ["find_repository_root", "read_revision", "repository_path", "resolve_revision"]

_TIMEOUT: Final = 60.0
"""Seconds for one git command."""


def find_repository_root(folder: Path) -> Path | None:
    """Return the root of the repository that contains a folder; None if none does."""
    absolute = folder.resolve()
    candidates = (absolute, *absolute.parents)
    return next((path for path in candidates if (path / ".git").exists()), None)


def repository_path(path: Path, default: Path) -> Path:
    """Return a path from the root of its repository; outside of one, from the folder `default`."""
    absolute = path.resolve()
    root = find_repository_root(absolute.parent) or default.resolve()
    return absolute.relative_to(root) if absolute.is_relative_to(root) else path


def resolve_revision(root: Path, revision: str) -> str | None:
    """Return the id of the commit that a revision names; None if it names none.

    Args:
        root: the root of the repository.
        revision: a branch, a tag, a commit id, or another expression of git.

    Raises:
        InvalidInputError: git cannot be run.
    """
    arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    process = _run_git(root, arguments)
    return process.stdout.decode().strip() if process.returncode == 0 else None


def read_revision(root: Path, commit: str, folder: str, names: Set[str]) -> dict[str, bytes]:
    """Return the files of a commit below a folder, by their paths from the root.

    Args:
        root: the root of the repository.
        commit: the commit's id.
        folder: a path from the root.
        names: the names of the files to return; others are left out.

    Raises:
        InvalidInputError: git cannot be run, or cannot read the commit.
    """
    listed = _run_git(root, ["ls-tree", "-r", "-z", "--full-tree", commit, "--", f"{folder}/"])
    blobs: dict[str, bytes] = {}
    for entry in listed.stdout.split(b"\0"):
        attributes, _, path = entry.partition(b"\t")
        mode, _, blob = attributes.rpartition(b" ")
        name = path.decode(errors="surrogateescape")
        if mode.startswith(b"100") and name.rpartition("/")[2] in names:  # not a link or a module
            blobs[name] = blob
    requests = b"".join(b"%b\n" % blob for blob in blobs.values())
    content = _run_git(root, ["cat-file", "--batch"], requests)
    if listed.returncode or content.returncode:
        error = (listed.stderr or content.stderr).decode(errors="replace").strip()
        raise InvalidInputError(f"git cannot read {commit}: {error}")
    return dict(zip(blobs, _split_batch(content.stdout), strict=True))


def _split_batch(output: bytes) -> Iterator[bytes]:
    """Split the output of `git cat-file --batch`: for each, a line with the size, and a content."""
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        size = int(output[position:end].rpartition(b" ")[2])
        yield output[end + 1 : end + 1 + size]
        position = end + 1 + size + 1


def _run_git(
    root: Path, arguments: Sequence[str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell; revisions come after --end-of-options
            ["git", *arguments],  # noqa: S607 - as found on the PATH
            cwd=root,
            input=stdin,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InvalidInputError(f"cannot run git: {error}") from error
