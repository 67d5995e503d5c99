"""The details of an event on an app's page, for functions that read them.

A function with a parameter such as `event: gr.SelectData` reads what a user selected, clicked or
edited. A call sends it as the option `event_data`:

    await space.call("/picked").with_options(event_data=SelectData(index=1, value="b"))

The classes are named like those of Gradio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from spacecall._event_data import EventData
from spacecall.files import File, FileInput

__all__ = [
    "CopyData",
    "DeletedFileData",
    "DownloadData",
    "EditData",
    "EventData",
    "ItemIndex",
    "KeyUpData",
    "LikeData",
    "RetryData",
    "SelectData",
    "UndoData",
]

ItemIndex: TypeAlias = int | Sequence[int]
"""The position of an item, from 0: a number, or several for a row and a column or for a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectData(EventData):
    """An item was selected: `gr.SelectData`.

    Attributes:
        index: the item's position.
        value: the item's value.
        row_value: all values of its row, in a Dataframe.
        col_value: all values of its column, in a Dataframe.
        selected: False if the item was deselected.
    """

    index: ItemIndex
    value: Any
    row_value: Sequence[Any] | None = None
    col_value: Sequence[Any] | None = None
    selected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeData(EventData):
    """A message was rated: `gr.LikeData`.

    Attributes:
        index: the message's position.
        value: the message.
        liked: True or False, or the text of another rating.
    """

    index: ItemIndex
    value: Any
    liked: bool | str = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryData(EventData):
    """The answer to a message was requested again: `gr.RetryData`.

    Attributes:
        index: the position of the user's message.
        value: the user's message.
    """

    index: ItemIndex
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoData(EventData):
    """A message and its answer were removed: `gr.UndoData`.

    Attributes:
        index: the position of the user's message.
        value: the user's message.
    """

    index: ItemIndex
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class EditData(EventData):
    """A message was edited: `gr.EditData`.

    Attributes:
        index: the message's position.
        previous_value: the message before.
        value: the message now.
    """

    index: ItemIndex
    previous_value: Any
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyData(EventData):
    """A value was copied: `gr.CopyData`.

    Attributes:
        value: the value.
    """

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUpData(EventData):
    """A key was pressed: `gr.KeyUpData`.

    Attributes:
        key: the key's name.
        input_value: the text in the input afterwards.
    """

    key: str
    input_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileEventData(EventData):
    """The base of events of one file."""

    file: FileInput

    def to_payload(self) -> File:
        """Return the file."""
        return File(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedFileData(_FileEventData):
    """A file was removed from a component: `gr.DeletedFileData`.

    Attributes:
        file: the file, which is uploaded if it is not one of the app.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadData(_FileEventData):
    """A file was downloaded: `gr.DownloadData`.

    Attributes:
        file: the file, which is uploaded if it is not one of the app.
    """
