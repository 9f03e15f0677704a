"""Lost rows: rows that lost transactions touched, kept until they are read again."""

import logging
import zlib
from collections.abc import Iterable

import msgspec

from shared.flows.relay.failover.journal import LOST, Journal
from shared.flows.relay.failover.missing_transactions import LostRows, Missing
from shared.values.checkpoint import Lost

_GTIDS_SHOWN = 1000

log = logging.getLogger("rowline.relay")


def lost_after(
    missing: Missing, server: str, before: Lost | None, journal: Journal, epoch: int, now_ms: int
) -> Lost | None:
    """What the checkpoint says from now on; the rows themselves are kept beside the journal.

    server: identity of the server that lacks them.
    before: the former loss; those of its rows that were not read again are taken over.
    epoch: the new epoch, which names the object.
    Raises StateUnavailable, StackError.
    """
    pending = before if before is not None and before.pending else None
    if not (missing.gtids or missing.verify or pending):
        return before
    rows = dict(missing.rows)
    if pending:
        for name, old in rows_of(pending, journal).items():
            new = rows.setdefault(name, LostRows(old.columns))
            for key, shards in old.keys.items():
                new.keys[key] = sorted({*shards, *new.keys.get(key, [])})
    keys = (
        journal.put(f"{LOST}{epoch}", zlib.compress(msgspec.json.encode(rows), 1)) if rows else ""
    )
    gtids = (
        missing.gtids if len(missing.gtids) <= _GTIDS_SHOWN else f"{missing.gtids[:_GTIDS_SHOWN]}…"
    )
    lost = Lost(
        server,
        now_ms,
        ", ".join(filter(None, (pending.gtids if pending else "", gtids))),
        missing.transactions + (pending.transactions if pending else 0),
        {name: len(rows[name].keys) for name in sorted(rows)},
        tuple(sorted({*missing.verify, *(pending.verify if pending else ())})),
        keys,
    )
    log.warning(
        "stream %s: server %s lacks transactions that were published: %s",
        journal.stream,
        server,
        lost.summary(),
    )
    return lost


def reread(stream: str, lost: Lost, given: int, verify: Iterable[str]) -> Lost:
    """What the checkpoint says once all rows were read again.

    given: changes that were published for it.
    verify: tables that could not be read.
    """
    done = msgspec.structs.replace(
        lost, keys="", reread=given, verify=tuple(sorted({*lost.verify, *verify}))
    )
    log.warning("stream %s: %s", stream, done.summary())
    return done


def rows_of(lost: Lost, journal: Journal) -> dict[str, LostRows]:
    """The rows that are still to be read again, by table. Raises StackError."""
    return msgspec.json.decode(zlib.decompress(journal.get(lost.keys)), type=dict[str, LostRows])
