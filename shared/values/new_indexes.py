"""New indexes: a job fills new indexes beside the serving ones."""

import msgspec

from shared.values.index_pair import IndexPair


class NewIndexes(msgspec.Struct, frozen=True, omit_defaults=True):
    """A backfill fills new indexes.

    pairs: by alias, the serving index and the new one; empty before their names are chosen.
    both: every function writes changes to both.
    """

    pairs: dict[str, IndexPair] = {}
    both: bool = False
