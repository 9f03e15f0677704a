"""Backfill report: what a backfill or a resync did."""

import msgspec


class BackfillReport(msgspec.Struct, frozen=True):
    """What the job did in all its parts.

    job: its id; empty when nothing was to be done.
    reads, writes: the server and the sink, and where their addresses came from.
    ghosts: documents without a row; a resync deleted them, a backfill only found them.
    deletions: documents that live changes had deleted while it ran, and that were deleted again.
    into: alias → the new index that was filled instead of the serving one.
    seconds: since the job was begun.
    """

    job: str
    consumer: str
    reads: str
    writes: str
    tables: list[str]
    rows: int
    messages: int
    ghosts: int
    deletions: int
    seconds: float
    into: dict[str, str] = {}
