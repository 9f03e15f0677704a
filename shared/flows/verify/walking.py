"""Walking: the rows of one table beside their documents, then the documents without a row."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import json

from shared.adapters.database.contract import Database
from shared.domain.chunk_size import ChunkSize
from shared.domain.deletion_limit import DeletionRefused, is_many, refusal
from shared.domain.sink import Expected
from shared.flows.verify.candidate import REPAIRABLE, Candidate, difference
from shared.flows.verify.comparing import Comparison, unlike
from shared.flows.verify.id_set import IdSet
from shared.flows.verify.repair import Repair
from shared.flows.verify.settling import Settling
from shared.values.counted import counted
from shared.values.difference import Difference
from shared.values.job import ComparisonProgress, TableCheck

MAX_CANDIDATES = 5_000
"""Settled, and repaired, whenever there are this many candidates: memory stays bounded when a whole
index is missing.
"""

LOOKED_AT = 1_000
"""After this many documents whoever watches is told, and the hold of the job is renewed."""

PART_ROWS = 100_000
"""After this many rows everything is settled and stored, so that another slice continues there."""


class Walk:
    """Compares one table.

    repair: repairs what differs; None: nothing is written.
    consent: asks a person whether this many documents may be deleted.
    found: is given each difference. show: is given what is waited for.
    certain: is given what is compared and settled now and then.
    begun: what an earlier slice compared. shared: the ids that it found shared.
    check: the counts so far.
    """

    def __init__(
        self,
        comparison: Comparison,
        database: Database,
        settling: Settling,
        repair: Repair | None,
        *,
        chunk_rows: int,
        consent: Callable[[DeletionRefused], bool],
        found: Callable[[Difference], None],
        show: Callable[[str], None],
        certain: Callable[[ComparisonProgress], None],
        begun: ComparisonProgress,
        shared: set[str],
    ) -> None:
        self._comparison, self._database = comparison, database
        self._settling, self._repair, self._consent = settling, repair, consent
        self._chunk_rows, self._found, self._show = chunk_rows, found, show
        self._certain, self._begun = certain, begun
        self._seen, self._shared = IdSet(), shared
        self._extra: list[Candidate] = []
        self.check: TableCheck = begun.check

    def run(self) -> TableCheck:
        """Raises DeletionRefused when a repair would delete more than a person agreed to."""
        self._documents_of_rows()
        self._rows_of_documents()
        self._delete_extra()
        return self._checked()

    def _checked(self) -> TableCheck:
        behind = self.check.behind or self._settling.behind
        return msgspec.structs.replace(self.check, behind=behind)

    def _documents_of_rows(self) -> None:
        captured, documents = self._comparison.captured, self._comparison.documents
        size = ChunkSize(self._chunk_rows, captured.row_bytes)
        candidates, stored = list[Candidate](), self.check.rows
        after: list[Any] | None = json.decode(self._begun.cursor) if self._begun.cursor else None
        while rows := self._database.chunk(
            captured.table, captured.key, after, size.rows, reached=None
        ):
            expected = self._with_ids([documents.expected(row) for row in rows])
            again = [one for one in expected if not self._seen.add(one.id)]
            held = documents.get([one.id for one in expected])
            seen = [one for one in expected if unlike(one, held.get(one.id))]
            suspect = {one.id: one.key for one in [*seen, *again]}
            candidates += [
                Candidate(self._comparison, id, key)
                for id, key in suspect.items()
                if id not in self._shared
            ]
            candidates = self._settle(candidates, MAX_CANDIDATES)
            self._add(rows=len(rows))
            after = [rows[-1][column] for column in captured.key]
            size.note(len(rows))
            if self.check.rows - stored >= PART_ROWS:
                candidates, stored = self._settle(candidates, 1), self.check.rows
                cursor = json.encode(after).decode()
                self._certain(ComparisonProgress(captured.name, cursor, self._checked()))
            self._show("")
        self._settle(candidates, 1)

    def _with_ids(self, expected: list[Expected]) -> list[Expected]:
        """The candidates with an id. Nothing can settle a refused row without one."""
        for one in expected:
            if not one.id and one.refused:
                self._count(
                    Difference(self._comparison.captured.name, "", "refused", reason=one.refused)
                )
                self._add(remaining=1)
        return [one for one in expected if one.id]

    def _rows_of_documents(self) -> None:
        """Documents of rows that an earlier slice read are looked up in the source."""
        documents, candidates = self._comparison.documents, list[Candidate]()
        again = bool(self._begun.cursor)
        for document in documents.scan():
            self._add(documents=1)
            if self.check.documents % LOOKED_AT == 0:
                self._show(f"looked at {counted(self.check.documents, 'document')}")
            if document.id not in self._seen:
                row_key = documents.key_of(document.id)
                candidates.append(Candidate(self._comparison, document.id, row_key))
                candidates = self._settle(candidates, MAX_CANDIDATES, again=again)
        self._settle(candidates, 1, again=again)

    def _settle(
        self, candidates: list[Candidate], enough: int, *, again: bool = False
    ) -> list[Candidate]:
        """Settle and count candidates when there are `enough`; returns those still to be settled.

        Documents without a row are kept: they are deleted last, once their number is known.
        again: differences of rows were counted before, by an earlier slice.
        """
        if len(candidates) < enough:
            return candidates
        confirmed, unsettled = self._settling.confirmed(
            candidates, lambda left: self._show(f"looking again at {counted(left, 'document')}")
        )
        for one in confirmed + unsettled:
            found = difference(one)
            if again and found.kind not in ("extra", "shared"):
                continue
            if found.kind == "shared":
                if one.id in self._shared:
                    continue
                self._shared.add(one.id)
            self._count(found)
            repairable = self._repair is not None and found.kind in REPAIRABLE
            if one in unsettled or not repairable:
                self._add(remaining=1)
        if self._repair:
            kinds = [(one, difference(one).kind) for one in confirmed]
            self._extra += [one for one, kind in kinds if kind == "extra"]
            writable = [one for one, kind in kinds if kind in ("missing", "different")]
            if writable:
                self._show(f"repairing {counted(len(writable), 'document')}")
                self._add(remaining=len(self._repair.settle(writable, deletes=False)))
        return []

    def _delete_extra(self) -> None:
        """Nothing is deleted while relay or consumer had not caught up: the row may be on its way.

        Nor without consent, when it is much.
        """
        if not self._extra or not self._repair:
            return
        if self._checked().behind:
            self._add(remaining=len(self._extra))
            return
        name, count = self._comparison.captured.name, len(self._extra)
        if is_many(count, self.check.documents):
            refused = refusal(name, count, self.check.documents)
            if not self._consent(refused):
                raise refused
        for start in range(0, count, MAX_CANDIDATES):
            self._show(f"deleting {counted(count - start, 'document')}")
            some = self._extra[start : start + MAX_CANDIDATES]
            self._add(remaining=len(self._repair.settle(some, deletes=True)))

    def _count(self, found: Difference) -> None:
        self._add(**{found.kind: 1})
        self._found(found)

    def _add(self, **counts: int) -> None:
        added = {name: getattr(self.check, name) + count for name, count in counts.items()}
        self.check = msgspec.structs.replace(self.check, **added)
