"""Index takeover: makes a new index beside the serving one, and moves readers to it at once."""

import time
from collections.abc import Callable, Mapping, Sequence

from shared.adapters.search.contract import LAST_NUMBER, AliasMove, Behind, Search, numbered_index
from shared.domain.captured_tables import CapturedTable
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.values.errors import ConfigError, SearchError
from shared.values.index_pair import IndexPair, direct
from shared.values.settings import ConsumerSettings


class IndexTakeover:
    """The indexes of one consumer. Each call may be repeated after a kill."""

    def __init__(
        self,
        consumer: ConsumerSettings,
        settings: ElasticsearchSettings,
        search: Search,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._layout, self._search, self._clock = Layout(consumer, settings), search, clock

    def plan(self, tables: Sequence[CapturedTable]) -> dict[str, IndexPair]:
        aliases = [self._alias(table) for table in tables]
        held = self._search.behind(aliases)
        return {alias: self._pair(alias, held.get(alias)) for alias in aliases}

    def make(
        self, pairs: Mapping[str, IndexPair], tables: Sequence[CapturedTable]
    ) -> dict[str, IndexPair]:
        of = {self._alias(table): table.plan.table for table in tables}
        made, serving_now = {}, self._search.behind(list(pairs))
        for alias, pair in pairs.items():
            if alias not in serving_now:  # as with a first change
                self._search.ensure_index(alias, self._layout.definition(of[alias]))
            self._search.put_alias(pair.serving, direct(pair.serving))
            definition = self._layout.definition(of[alias])
            # Aliases of the user's own come with the cutover; the new index has no reader yet.
            definition = {name: part for name, part in definition.items() if name != "aliases"}
            self._search.make_index(pair.beside, direct(pair.beside), definition)
            held = self._search.behind(pair.targets)
            beside, serving = (held[name].ids[0] for name in pair.targets)
            made[alias] = IndexPair(alias, pair.serving, pair.beside, serving, beside)
        return made

    def problems(self, pairs: Mapping[str, IndexPair]) -> list[str]:
        names = [name for pair in pairs.values() for name in (pair.alias, *pair.targets)]
        held = self._search.behind(names)
        found = []
        for pair in pairs.values():
            ids = (pair.beside_id, pair.serving_id)
            for name, index, id in zip(pair.targets, (pair.beside, pair.serving), ids, strict=True):
                if name not in held or held[name].ids != (id,):
                    found.append(f"{index} is gone, or was made again since it was filled")
            behind = held[pair.alias].indexes if pair.alias in held else ()
            if behind not in ((pair.serving,), (pair.beside,)):
                where = ", ".join(behind) or "nothing"
                found.append(f"{pair.alias} leads to {where} instead of {pair.serving}")
        return found

    def counts(self, pairs: Mapping[str, IndexPair]) -> dict[str, tuple[int, int]]:
        return {
            alias: (
                self._search.count(direct(pair.serving)),
                self._search.count(direct(pair.beside)),
            )
            for alias, pair in pairs.items()
        }

    def exchange(
        self, pairs: Mapping[str, IndexPair], permit: str, is_mine: Callable[[], object]
    ) -> float:
        began, moves = self._clock(), _moves(pairs)
        # What was written before `shown_first` acted; whatever came later is shown already.
        self._search.refresh([direct(pair.beside) for pair in pairs.values()])
        self._search.permit_moves(moves, permit)
        # A holder that asked before another one took over has lost its permit, or loses it now.
        is_mine()
        if left := self._left(pairs):
            self._search.move_aliases(left, permit)
        took = self._clock() - began
        self._search.permit_moves(moves, "")
        return round(took, 3)

    def withdraw(self, pairs: Mapping[str, IndexPair]) -> bool:
        self._search.permit_moves(_moves(pairs), "")
        held = self._search.behind(list(pairs))
        return all(
            alias in held and held[alias].indexes == (pair.beside,) for alias, pair in pairs.items()
        )

    def _left(self, pairs: Mapping[str, IndexPair]) -> list[AliasMove]:
        """What is still to be moved."""
        held = self._search.behind(list(pairs))
        return _moves(
            {
                alias: pair
                for alias, pair in pairs.items()
                if alias in held and held[alias].indexes == (pair.serving,)
            }
        )

    def end(self, pairs: Mapping[str, IndexPair]) -> None:
        for pair in pairs.values():
            for index in (pair.beside, pair.serving):
                self._search.drop_alias(index, direct(index))

    def _alias(self, table: CapturedTable) -> str:
        return self._layout.alias(table.table.database, table.table.name)

    def _pair(self, alias: str, behind: Behind | None) -> IndexPair:
        if behind is None:  # its index was dropped, or its table never had a row
            serving = self._free(alias, alias)
            return IndexPair(alias, serving, self._free(alias, serving))
        if not behind.is_alias:
            raise ConfigError(
                "is an index of its own, not an alias. A name cannot be both, so readers of this "
                "name cannot be moved to another index without a moment in which it is missing.",
                thing=alias,
                hint="Choose another alias in the stanza, fill it, and let readers search that; or "
                "make an index with another name, put this name on it as alias, and come back.",
            )
        if len(behind.indexes) != 1:
            raise ConfigError(
                f"leads to {len(behind.indexes)} indexes: {', '.join(behind.indexes)}.",
                thing=f"alias {alias}",
                hint="Let it lead to the one that readers need; Rowline replaces one by one.",
            )
        (serving,) = behind.indexes
        return IndexPair(alias, serving, self._free(alias, serving))

    def _free(self, alias: str, serving: str) -> str:
        """The first name after that of the serving index that no index has."""
        prefix, _, last = serving.rpartition("-")
        number = int(last) if prefix == alias and last.isdigit() else 0
        while number < LAST_NUMBER:
            number += 1
            if not self._search.behind([name := numbered_index(alias, number)]):
                return name
        raise SearchError("has no free name for a new index.", thing=alias)


def _moves(pairs: Mapping[str, IndexPair]) -> list[AliasMove]:
    return [(pair.alias, pair.serving, pair.beside) for pair in pairs.values()]
