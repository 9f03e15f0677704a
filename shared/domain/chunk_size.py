"""ChunkSize: how many rows of a table one SELECT asks for."""

CHUNK_BYTES = 4 << 20
"""A chunk is read in one SELECT and held in memory."""

_LEAST, _LEAST_FIRST = 10, 50


class ChunkSize:
    """The size of the chunks of one table.

    rows: the number that the next SELECT asks for.
    """

    def __init__(self, most: int, row_bytes: int) -> None:
        """most: rows of a chunk, however short they are. row_bytes: of a row on average."""
        self._most = min(most, max(_LEAST_FIRST, CHUNK_BYTES // max(row_bytes, 1)))
        self.rows = self._most

    def note(self, read: int) -> None:
        """Note the number of rows of a chunk.

        The database gives fewer where they are large: to ask for many more would be in vain. Behind
        these, chunks grow again.
        """
        self.rows = min(self._most, max(_LEAST, 2 * read))
