"""HeldRows: the rows of a page while it is read, those with the lowest places."""

from shared.flows.archive.page_rows import bytes_of
from shared.flows.archive.reading_order import SortPlace, before, text_of
from shared.values.archive_pages import PageRow


class HeldRows:
    """Rows of at most about `most` bytes.

    newest: a place has its newest change alone.

    cut: where those begin that found no room; empty: all did.
    """

    def __init__(self, most: int, *, newest: bool) -> None:
        self._most, self._newest, self._size = most, newest, 0
        self.rows: dict[SortPlace, PageRow] = {}
        self.cut = ""

    def is_newer(self, place: SortPlace, seq: int) -> bool:
        """Whether a change with this number is newer than what is held of its place."""
        former = self.rows.get(place)
        return former is None or former.seq < seq

    def add(self, place: SortPlace, row: PageRow) -> None:
        """Hold a row in place of a former one; the highest places make room where there is none."""
        if self.cut and not before(place, self.cut, self._newest):
            return
        former = self.rows.get(place)
        self._size += bytes_of(row) - (bytes_of(former) if former else 0)
        self.rows[place] = row
        if self._size > self._most:
            # No page begins at a truncation, whose place has no text, nor at its own first row.
            ordered = [one for one in sorted(self.rows) if text_of(one, newest=self._newest)]
            if len(ordered) < 2:
                return
            self.cut = text_of(ordered[len(ordered) // 2], newest=self._newest)
            kept = {at: one for at, one in self.rows.items() if before(at, self.cut, self._newest)}
            self.rows, self._size = kept, sum(map(bytes_of, kept.values()))
