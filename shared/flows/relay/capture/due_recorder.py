"""Due recorder: notes tables whose rows changed without an event, or while nobody captured them."""

import logging
from collections.abc import Iterable, Mapping

from shared.adapters.binlog.contract import Due
from shared.adapters.state.dues import Dues
from shared.domain.masking_changed import hidden_differently
from shared.values.cascades import CASCADE
from shared.values.checkpoint import Checkpoint
from shared.values.due_cause import DueCause
from shared.values.seq import split_seq
from shared.values.settings import TableSettings, table_settings

log = logging.getLogger("rowline.relay")

NOT_CAPTURED = "not captured for a while"
HIDDEN = "drop or mask changed"
REHASHED = "mask_key changed"
REKEYED = "key changed in the stanza"


class DueRecorder:
    """Notes which tables of one source are due; `tables` says how each is captured."""

    def __init__(self, dues: Dues, source: str, tables: Mapping[str, TableSettings]) -> None:
        self._dues, self._source, self._tables = dues, source, tables

    def note(self, due: Due, transaction: str) -> None:
        """Store what a statement did, before the checkpoint can pass it: no relay reads it again.

        A new cascade on a table whose cascades the stanza accepts is not noted.

        transaction: identity of the statement's transaction. Raises StateUnavailable, StackError.
        """
        name = f"{due.database}.{due.table}"
        if due.why == CASCADE and table_settings(self._tables, name).accept_cascades:
            return
        log.warning(
            "%s changed rows of %s, or may have, without row events: a resync is due, see "
            "rowline status",
            due.why,
            name,
        )
        self._dues.note_source(self._source, name, DueCause(transaction, due.why))

    def uncovered(self, stream: str, tables: Iterable[str], point: Checkpoint) -> None:
        """Note tables that `stream` does not capture from `point` on, before that is stored.

        Raises StateUnavailable, StackError.
        """
        epoch, n = split_seq(point.seq)
        for name in sorted(tables):
            log.warning(
                "stream %s does not capture %s from seq %d:%d on: a resync is due once it does",
                stream,
                name,
                epoch,
                n,
            )
            cause = DueCause(f"{stream}:{epoch}/{n}", NOT_CAPTURED)
            self._dues.note_source(self._source, name, cause)

    def redeclared(self, stream: str, before: Checkpoint, after: Checkpoint) -> None:
        """Note tables whose rows have another key or form from `after` on, before that is stored.

        Documents that exist keep the ids of the former key, and the former form of hidden columns.
        A stream of a former version did not store the key of its hashes: the present key is
        assumed.

        Raises StateUnavailable, StackError.
        """
        was, now = before.whole, after.whole
        rehashed = bool(was.mask_key and now.mask_key) and was.mask_key != now.mask_key
        epoch, n = split_seq(after.seq)
        for name in sorted(was.tables.keys() & now.read.keys()):
            one, other = was.tables[name], now.tables[name]
            if one.key != other.key:
                log.warning("%s of %s: a resync is due", REKEYED, name)
                cause = DueCause(f"{stream}:{epoch}/{n} key", REKEYED)
                self._dues.note_source(self._source, name, cause)
            if columns := hidden_differently(one, other, rehashed=rehashed):
                why = REHASHED if rehashed and not hidden_differently(one, other) else HIDDEN
                log.warning("%s of %s (%s): a resync is due", why, name, ", ".join(columns))
                cause = DueCause(f"{stream}:{epoch}/{n} hidden", why)
                self._dues.note_source(self._source, name, cause)
