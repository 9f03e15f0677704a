"""Healing: brings changes back that the table lost, or that never reached the archive.

They come as objects like those of the landing, read again from the binlog. Only what the table
lacks at the moment of the commit is added. So healing twice, or while the change still arrives by
its own way, adds nothing twice.
"""

from collections.abc import Sequence

from pyroaring import BitMap64

from shared.adapters.lake.contract import Lake, Overtaken, TableHead
from shared.adapters.objects.contract import ObjectFolder
from shared.domain.archive_ledger import Ledger, StreamEpoch
from shared.flows.archive.archive_answers import Anchor, Audited, Healed, NumbersToRead
from shared.flows.archive.auditing import table_numbers
from shared.flows.archive.landed_rows import LandedObject, LandedRows, rows_of
from shared.values import landing_encoding

ATTEMPTS = 5
MOST_WANTED = 100
"""Spans that one answer names; after they are healed, another audit names the next ones."""


def wanted(lake: Lake, audited: Sequence[Audited]) -> list[NumbersToRead]:
    """What an audit found to be missing or absent, with the rows around it.

    Each span reaches from one row that the table holds to the next, whatever is between them.
    """
    head = lake.head()
    held = {place: each.numbers for place, each in table_numbers(lake, head).items()}
    gaps: dict[tuple[StreamEpoch, int, int], tuple[int, int]] = {}
    for one in audited:
        place = (one.stream, one.epoch)
        for numbers in (one.missing, one.absent):
            for first, last in numbers.spans:
                before, after = _around(held.get(place, BitMap64()), first, last)
                begins, ends = before + 1 if before else first, after - 1 if after else last
                known = gaps.get((place, before, after), (begins, ends))
                gaps[place, before, after] = (min(begins, known[0]), max(ends, known[1]))
    some = sorted(gaps.items())[:MOST_WANTED]
    anchors: dict[StreamEpoch, set[int]] = {}
    for (place, before, after), _ in some:
        anchors.setdefault(place, set()).update(n for n in (before, after) if n)
    ids = {place: _ids(lake, head, place, numbers) for place, numbers in anchors.items()}

    def anchor(place: StreamEpoch, n: int) -> Anchor | None:
        return Anchor(n, ids[place][n]) if n else None

    return [
        NumbersToRead(*place, first, last, anchor(place, before), anchor(place, after))
        for (place, before, after), (first, last) in some
    ]


def heal(healing: ObjectFolder, lake: Lake, names: Sequence[str]) -> Healed:
    """Bring the changes of these objects into the table, and delete the objects.

    Raises StackError for an object that cannot be read, Overtaken, OutcomeUnknown.
    """
    bodies = [(name, healing.get(name)) for name in names]
    read = [
        LandedObject(landing_encoding.decode(body), _at_ms(name))
        for name, body in bodies
        if body is not None
    ]
    done = Healed()
    for attempt in range(1, ATTEMPTS + 1):
        head = lake.head()
        rows = _lacking(lake, head, read)
        if rows.table is not None:
            ledger = Ledger.decode(head.ledger)
            for place, numbers in rows.numbers.items():
                ledger.add(place, numbers)
            try:
                lake.append(head, rows.table, ledger.encode())
            except Overtaken:
                if attempt == ATTEMPTS:
                    raise
                continue
        done = Healed(rows.size, rows.seen - rows.size)
        break
    healing.delete(names)
    return done


def _lacking(lake: Lake, head: TableHead, read: list[LandedObject]) -> LandedRows:
    """The rows that the table lacks, and that were not removed on purpose."""
    held = {place: each.numbers for place, each in table_numbers(lake, head).items()}
    ledger = Ledger.decode(head.ledger)

    def lacking(place: StreamEpoch, numbers: list[int]) -> BitMap64:
        return BitMap64(numbers) - held.get(place, BitMap64()) - ledger.removed(place)

    return rows_of(read, lacking)


def _around(held: BitMap64, first: int, last: int) -> tuple[int, int]:
    """The nearest numbers that are held before and after a span; 0: there is none."""
    below, up_to = held.rank(first - 1), held.rank(last)
    before = held[below - 1] if below else 0
    after = held[up_to] if up_to < len(held) else 0
    return before, after


def _ids(lake: Lake, head: TableHead, place: StreamEpoch, numbers: set[int]) -> dict[int, str]:
    """The identities of these rows."""
    if not numbers:
        return {}
    listed = ", ".join(map(str, sorted(numbers)))
    found: dict[int, str] = {}
    where = f"epoch = {place[1]} and n in ({listed})"
    for batch in lake.scan(["stream", "n", "id"], at=head, where=where):
        streams, ns, ids = (column.to_pylist() for column in batch.columns)
        found.update(
            (n, id) for stream, n, id in zip(streams, ns, ids, strict=True) if stream == place[0]
        )
    return found


def _at_ms(name: str) -> int:
    """When an object's oldest change was committed: healed rows have no time of landing."""
    digits = name.partition("-")[0]
    return int(digits) if digits.isdigit() else 0
