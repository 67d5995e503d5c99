"""The input of a batch as it was when its run began: no row of another content is called."""

from __future__ import annotations

from collections.abc import Iterator

from spacecall.batch._row_files import InputRow, RowFile, count_rows, digest_file, read_rows
from spacecall.errors import InvalidInputError


class InputVersion:
    """The content that a file of rows has now.

    A program may write to the file, or replace it, while the batch runs. Its rows would then be
    mixed with those of before, and the missing ones not be noticed.

    Args:
        file: the input.

    Attributes:
        digest: the SHA-256 of the content.
        total: about how many rows there are, blank lines among them.

    Raises:
        InvalidInputError: the file cannot be read.
    """

    def __init__(self, file: RowFile) -> None:
        self._file = file
        self._stamp = self._read_stamp()
        self.digest, lines = digest_file(file)
        self.total = count_rows(file, lines)
        self._has_changed = False

    def rows(self) -> Iterator[InputRow]:
        """Yield the rows, until the file changes: `check` tells whether they are all.

        Raises:
            InvalidInputError: the file is not valid from here on.
        """
        try:
            for row in read_rows(self._file):
                if self.has_changed():
                    return
                yield row
        except InvalidInputError:
            if not self.has_changed():
                raise
        self.has_changed()  # it may have become shorter

    def has_changed(self) -> bool:
        """Return whether the content is, or has been, another one.

        The content is only read if the file's size, time or place in the file system changed.
        """
        if not self._has_changed and (stamp := self._read_stamp()) != self._stamp:
            self._stamp = stamp
            try:
                self._has_changed = digest_file(self._file)[0] != self.digest
            except InvalidInputError:
                self._has_changed = True
        return self._has_changed

    def check(self) -> None:
        """Check that the content has stayed the same.

        Raises:
            InvalidInputError: it has not.
        """
        if self.has_changed():
            raise InvalidInputError(
                f"{self._file.path} changed while the batch ran: give it its former content and "
                "run the same command again, or choose another --output"
            )

    def _read_stamp(self) -> tuple[int, ...]:
        try:
            found = self._file.path.stat()
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
