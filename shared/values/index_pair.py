"""IndexPair: two indexes of one alias, both written until a cutover is finished or given up."""

import msgspec


class IndexPair(msgspec.Struct, frozen=True, omit_defaults=True):
    """One alias of a consumer, while it is filled into a new index or can be rolled back.

    alias: readers search it; it leads to `serving`.
    serving, beside: names of indexes. A change is written to `beside` first, so `serving` never
        shows what `beside` lacks, and the two may be exchanged at any time.
    serving_id, beside_id: what the cluster calls them; another id is another index.
    """

    alias: str
    serving: str
    beside: str
    serving_id: str = ""
    beside_id: str = ""

    @property
    def targets(self) -> tuple[str, str]:
        """The names under which both are written, in order; see `direct`."""
        return direct(self.beside), direct(self.serving)

    def exchanged(self) -> "IndexPair":
        """The pair once the alias leads to the other one."""
        return IndexPair(self.alias, self.beside, self.serving, self.beside_id, self.serving_id)


def direct(index: str) -> str:
    """A hidden alias that leads to one index whatever its public alias does.

    Requests demand an alias: a name without one would create an index without mappings when the
    index is gone.
    """
    return f"{index}.direct"


class IndexPairs(msgspec.Struct, frozen=True, omit_defaults=True):
    """The pairs of a consumer.

    pairs: by alias.
    filling: rows of the backfill under way go to `beside` alone.
    filled: `beside` holds everything that `serving` should.
    cut: `serving` is the new index: a rollback is possible.
    shown_first: an exchange is near: searches of `beside` see a change before it is written to
        `serving`.
    exchanged_ms: when they were exchanged last, Unix ms; 0: never.
    version: grows with each write.
    """

    pairs: dict[str, IndexPair] = {}
    filling: bool = False
    filled: bool = False
    cut: bool = False
    shown_first: bool = False
    exchanged_ms: int = 0
    version: int = 0

    def exchanged(self, now_ms: int) -> "IndexPairs":
        """All of them exchanged now."""
        pairs = {alias: pair.exchanged() for alias, pair in self.pairs.items()}
        return msgspec.structs.replace(
            self, pairs=pairs, cut=not self.cut, shown_first=False, exchanged_ms=now_ms
        )


NO_PAIRS = IndexPairs()
