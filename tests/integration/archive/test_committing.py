"""The committer on real Iceberg files, in the emulated S3 and Glue."""

import random
import subprocess
import sys
import time

import pytest

from shared.adapters.lake.contract import Overtaken
from shared.domain.archive_completeness import complete_through
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.auditing import audit
from tests.integration.archive.conftest import ArchivePlace
from tests.tier import SEED, TIER
from tests.worlds.archive_world import EPOCH, STREAM, land, shuffled
from tests.worlds.twins.state import memory_state


def ids(place: ArchivePlace) -> list[str]:
    return [id for batch in place.lake.scan(["id"]) for id in batch.column("id").to_pylist()]


def test_each_change_is_in_the_table_once(place: ArchivePlace) -> None:
    names = land(place.landing, range(1, 2_001))
    done = place.committer.run(lambda: 300)
    assert (done.rows, done.objects, done.left) == (2_000, 4, False)
    assert not list(place.landing.list())
    land(place.landing, range(1, 2_501))
    done = place.committer.run(lambda: 300)
    assert (done.rows, done.duplicates) == (500, 2_000)
    assert len(names) == 4
    found = ids(place)
    assert (len(found), len(set(found))) == (2_500, 2_500)
    ledger = Ledger.decode(place.lake.head().ledger)
    assert complete_through(ledger, (STREAM, EPOCH)) == 2_500


def test_a_commit_that_lost_the_race_is_not_repeated_on_another_state(place: ArchivePlace) -> None:
    land(place.landing, range(1, 11))
    place.committer.run(lambda: 300)
    first, second = place.lake, place.lake
    head = first.head()
    rows = next(iter(place.lake.scan(["id"])))
    assert rows.num_rows == 10
    land(place.landing, range(11, 21))
    place.committer.run(lambda: 300)
    with pytest.raises(Overtaken):
        second.append(head, rows, b"")
    assert len(ids(place)) == 20


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_killed_committers_and_repeated_objects_leave_each_change_once(place: ArchivePlace) -> None:
    """Two committers work at once; both are killed again and again, at random moments."""
    dice = random.Random(SEED + 17)
    given, batch = TIER.archive_changes, 250
    order = shuffled(range(0, given, batch), SEED)
    kills = TIER.archive_kills
    for round_number in range(kills):
        mine = order[round_number::kills]
        for start in mine:
            numbers = range(start + 1, min(given, start + batch) + 1)
            land(place.landing, numbers)
            if dice.random() < 0.3:
                land(place.landing, shuffled(numbers, start), batch=batch)
        workers = [start_committer(place) for _ in range(2)]
        time.sleep(dice.uniform(0.05, 1.5))
        for worker in workers:
            worker.kill()
            worker.wait()
    land(place.landing, range(1, given + 1), batch=1_000)
    place.committer.run(lambda: 300)
    found = ids(place)
    assert (len(found), len(set(found))) == (given, given)
    (audited,) = audit(place.lake, memory_state(), (STREAM,))
    assert (audited.complete, audited.through) == (True, given)
    assert not list(place.landing.list())


def start_committer(place: ArchivePlace) -> "subprocess.Popen[str]":
    """A committer in a process of its own, which has begun to work."""
    module = "tests.integration.archive.committing_process"
    process = subprocess.Popen(
        [sys.executable, "-m", module, place.bucket, place.database],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process
