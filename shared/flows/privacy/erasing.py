"""Erasing: removes the rows of a person from everything that a stage keeps.

An erasure is a stored request, so it continues wherever a run was killed: each step removes what
is still there. What tells where the rest is goes last: the changes in the table name the large rows
in the claims bucket. The ledger keeps the numbers as removed, so that no audit brings them back.
"""

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap64

from shared.adapters.lake.changes_columns import ARROW
from shared.adapters.lake.contract import DataFile, Overtaken, TableHead
from shared.domain.archive_ledger import Ledger, StreamEpoch
from shared.domain.run_lease import RunLease
from shared.flows.archive.maintaining import alone
from shared.flows.archive.numbers_by_place import by_place
from shared.flows.privacy import (
    erasing_outside_archive,
    erasure_progress,
    job_records,
    journal_keys,
)
from shared.flows.privacy.certifying import certify
from shared.flows.privacy.erasable import reached
from shared.flows.privacy.erasure_waits import unsettled
from shared.flows.privacy.person_rows import holding, where
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.privacy.remaining import remaining
from shared.flows.privacy.unreferenced_files import UNREFERENCED
from shared.values.erasure import Certificate, Erasure, Subject

LEASE, LEASE_SECONDS = "archive-erasure", 300
ATTEMPTS = 5


class Erased(msgspec.Struct):
    """What a run did. certificate: when all of it is done. waits: for what, until the next run."""

    erasure: Erasure
    certificate: Certificate | None = None
    waits: str = ""


def erase(setup: PrivacySetup, erasure: Erasure) -> Erased:
    """One run. A further run is harmless, wherever this one was killed.

    Raises what the adapters raise; the request stays, and the next run continues.
    """
    archive = setup.archive
    leases, holder = archive.state.leases, archive.holder
    lease = RunLease(leases, LEASE, holder, LEASE_SECONDS, archive.now_ms)
    if not lease.hold():
        return Erased(erasure, waits="another run is under way")
    with lease.given_back():
        return _erase(setup, erasure, lease)


def _erase(setup: PrivacySetup, erasure: Erasure, lease: RunLease) -> Erased:
    try:
        erasure_progress.store(setup, erasure)
        if not erasure.swept_ms:
            known = job_records.over(setup)
            if why := unsettled(setup, erasure):
                return Erased(erasure, waits=why)
            for step in STEPS:
                if step is _lake and (why := job_records.job_meanwhile(setup, erasure, known)):
                    return _repeated(setup, erasure, why)
                lease.hold()
                erasure_progress.require_time(setup)
                erasure = step(setup, erasure)
                erasure_progress.store(setup, erasure)
            if why := job_records.job_meanwhile(setup, erasure, known):
                return _repeated(setup, erasure, why)
            remains = remaining(setup, erasure)
            erasure = msgspec.structs.replace(
                erasure, swept_ms=setup.archive.now_ms(), remains=remains
            )
            erasure_progress.store(setup, erasure)
        done = certify(setup, erasure)
        if done is None:
            return Erased(erasure, waits=UNREFERENCED)
        return Erased(msgspec.structs.replace(erasure, certificate=done, subjects=()), done)
    except erasure_progress.TimeIsOver:
        return Erased(erasure, waits="the time of this run is over")


def _repeated(setup: PrivacySetup, erasure: Erasure, why: str) -> Erased:
    """The next run does every step again, from the first large row on."""
    erasure = msgspec.structs.replace(erasure, rows_seen="")
    erasure_progress.store(setup, erasure)
    return Erased(erasure, waits=why)


def requested(setup: PrivacySetup) -> list[Erasure]:
    """The erasures that are not done."""
    bodies = [setup.requests.get(each.name) for each in list(setup.requests.list())]
    return [msgspec.json.decode(each, type=Erasure) for each in bodies if each is not None]


def _snapshots(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Erase rows from snapshots; the manifests then name the files that replaced others."""
    removed = 0
    for subject in erasure.subjects:
        removed += setup.snapshots.table.erase(subject.source, subject.full_name, subject.keys)
    _renew_manifests(setup)
    return erasure.with_removed(snapshots=removed)


def _renew_manifests(setup: PrivacySetup) -> None:
    store, table = setup.snapshots.store, setup.snapshots.table
    for each in store.all():
        packed = sorted(table.packed(each.id), key=lambda one: (one.table, one.first))
        files = tuple(
            msgspec.structs.replace(one.file, sha256=table.noted_sha256(one.file.path))
            for one in packed
        )
        if files == each.files:
            continue
        rows = {name: sum(one.rows for one in files if one.table == name) for name in each.tables}
        tables = {
            name: msgspec.structs.replace(held, rows=rows[name])
            for name, held in each.tables.items()
        }
        store.put(msgspec.structs.replace(each, files=files, tables=tables))


def _lake(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Changes, file by file; what each consumer has of them is noted before the first is gone."""
    noted = {**erasure.consumers}
    for subject in erasure.subjects:
        for name, said in reached(setup, subject).items():
            noted.setdefault(f"{name}: {subject.full_name}", said)
    erasure = msgspec.structs.replace(erasure, consumers=noted)
    erasure_progress.store(setup, erasure)
    lake = setup.archive.lake
    with alone(setup.archive):
        for subject in erasure.subjects:
            for file in lake.files(where(subject)):
                erasure_progress.require_time(setup)
                erasure = erasure.with_removed(changes=_rewritten(setup, file, subject))
                erasure_progress.store(setup, erasure)
        head = lake.head()
        # What the last commit noted of removed files goes with this one.
        lake.rewrite(head, [], iter(()), head.ledger)
        lake.purge()
    return erasure


def _rewritten(setup: PrivacySetup, file: DataFile, subject: Subject) -> int:
    """Put a file without the subject's rows in the place of one; returns how many it had."""
    lake = setup.archive.lake
    for attempt in range(1, ATTEMPTS + 1):
        head = lake.head()
        batches = list(lake.scan(ARROW.names, at=head, files=[file]))
        if not batches:
            return 0
        rows = pa.Table.from_batches(batches).cast(ARROW)
        mine = holding(rows, subject)
        gone = rows.filter(mine)
        if not gone.num_rows:
            return 0
        try:
            kept = rows.filter(pc.invert(mine))
            lake.rewrite(head, [file], iter([kept]), _without(head, gone))
            return int(gone.num_rows)
        except Overtaken:
            if attempt == ATTEMPTS:
                raise
    return 0


def _without(head: TableHead, gone: pa.Table) -> bytes:
    """The ledger with these rows noted as removed."""
    ledger, numbers = Ledger.decode(head.ledger), dict[StreamEpoch, BitMap64]()
    for batch in gone.select(["stream", "epoch", "n"]).to_batches():
        for place, some in by_place(batch):
            numbers[place] = numbers.get(place, BitMap64()) | BitMap64(some)
    for place, each in numbers.items():
        ledger.remove(place, each)
    return ledger.encode()


STEPS = (job_records.forget, journal_keys.forget, *erasing_outside_archive.STEPS, _snapshots, _lake)
"""In this order: what tells where the rest is goes last."""
