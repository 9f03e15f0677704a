"""Batch start: everything that a consumer's function reads of the state table before a batch."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.values.gate import Gate
from shared.values.index_pair import NO_PAIRS, IndexPairs
from shared.values.mark import Mark


class BatchStart(NamedTuple):
    """The answer of one read.

    marks: of the groups of the batch.
    run: the id of the job under way that sends rows, empty when there is none.
    parked: the groups that may have parked rows.
    gate: whether the consumer may work.
    pairs: the indexes that are written beside the serving ones.
    """

    marks: Mapping[str, Mark]
    run: str = ""
    parked: frozenset[str] = frozenset()
    gate: Gate = Gate()
    pairs: IndexPairs = NO_PAIRS
