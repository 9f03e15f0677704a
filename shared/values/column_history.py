"""ColumnHistory: the columns under which the rows of a table have left so far."""

import msgspec

MOST = 8
"""Column sets that are remembered: a relay that reads again meets those of a short while ago."""

Named = tuple[str, str]
"""Name and kind of a column."""


class ColumnHistory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a table's columns, so that a hidden one cannot leave under another name.

    known: the column sets that were examined and may leave, the present one last.
    added: columns that statements have added since.
    altered: a statement on the definition was read since; types and order may be others.
    suspects: columns that may hold what a hidden column held.
    """

    known: tuple[tuple[Named, ...], ...] = ()
    added: tuple[str, ...] = ()
    altered: bool = False
    suspects: tuple[str, ...] = ()

    def with_present(self, columns: tuple[Named, ...]) -> "ColumnHistory":
        """The same, with these columns as the present ones."""
        known = (*(each for each in self.known if each != columns), columns)
        return msgspec.structs.replace(self, known=known[-MOST:], added=(), altered=False)
