"""A transaction that is never rebuilt on top of somebody else's commit."""

from pyiceberg.exceptions import ValidationException
from pyiceberg.table import Table, Transaction


class LedgerTransaction(Transaction):
    """Rows and ledger of one commit belong to one state of the table.

    PyIceberg repeats a commit that lost a race by adding the same files to the newer snapshot. The
    pointer to the ledger would stay as it was: the newer commit's numbers would be forgotten, and
    its changes archived twice. So the transaction ends instead, and the caller starts over.

    The table's property `commit.retry.num-retries` must be 1: with 0, PyIceberg takes a reply that
    was lost for a failure and deletes the manifests of a commit that landed.
    """

    def __init__(self, table: Table) -> None:
        super().__init__(table, autocommit=False)

    def _rebuild_snapshot_updates(self) -> None:
        raise ValidationException("Somebody else has committed.")
