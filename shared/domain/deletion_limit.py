"""Deletion limit: a command that would delete a large share of an index asks first.

A comparison with the wrong database, or with a table that was emptied by mistake, would otherwise
empty the index.
"""

from shared.values.errors import RowlineError

FREE_SHARE, FREE_COUNT = 0.05, 10
"""So much may always be deleted: this share of the documents, and this number."""


class DeletionRefused(RowlineError):
    """More documents would be deleted than is done without a person's consent.

    count: how many.
    """

    count = 0

    @property
    def question(self) -> str:
        """What a person is asked."""
        return f"{self.thing}: {self.what} Delete them?"


def is_many(deletes: int, documents: int) -> bool:
    """Whether a person must agree first."""
    return deletes > FREE_COUNT and deletes > FREE_SHARE * documents


def refusal(table: str, deletes: int, documents: int) -> DeletionRefused:
    """The error when nobody agreed."""
    refused = DeletionRefused(
        f"{deletes:,} of {documents:,} documents have no row and would be deleted.",
        thing=f"table {table}",
        hint="Check that this is the right database; then run the same command with --yes.",
    )
    refused.count = deletes
    return refused
