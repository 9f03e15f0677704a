"""Verify report: what a verify found."""

import msgspec

from shared.values.difference import Difference
from shared.values.proof_basis import ProofBasis


class VerifyReport(msgspec.Struct, frozen=True):
    """What was found.

    reads, writes: the server and the sink that were compared, and where their addresses came from.
    missing, extra, different: documents. shared: ids that several rows have.
    refused: rows that cannot be documents.
    repaired: of these were repaired; `differences` remain. listed: the first of them.
    behind: relay or consumer had not caught up, so differences may be changes under way.
    epochs: were asked for. reasons: why documents were refused.
    seconds: since the job was begun.
    basis: what was compared with; when that changes, the result has expired.
    """

    consumer: str
    reads: str
    writes: str
    tables: dict[str, int]
    rows: int
    documents: int
    missing: int
    extra: int
    different: int
    shared: int
    refused: int
    repaired: int
    differences: int
    listed: list[Difference]
    behind: bool
    epochs: list[int]
    reasons: dict[str, int]
    seconds: float
    finished_ms: int
    basis: ProofBasis = ProofBasis()
