"""The kinds of snippets."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

__all__ = ["SNIPPETS", "SnippetKind"]

SnippetKind: TypeAlias = Literal["typed", "async", "sync", "curl"]
"""With a typed client, with `Space`, with `SyncSpace`, or for a shell."""

SNIPPETS: tuple[SnippetKind, ...] = get_args(SnippetKind)
"""All kinds of snippets."""
