"""Committing: moves the landing into the table.

Rows and ledger change in one commit, and objects are deleted after it. A kill between the two
leaves objects whose changes the ledger has: the next run deletes them. So the table has each change
once, however often its object comes.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from shared.adapters.lake.contract import Lake, Overtaken
from shared.adapters.landing.contract import Landing
from shared.adapters.objects.contract import StoredObject
from shared.domain.archive_ledger import Ledger
from shared.domain.run_lease import RunLease
from shared.flows.archive.archive_answers import Committed
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.landed_rows import LandedObject, new_rows
from shared.values import landing_encoding

MOST_CHANGES, MOST_BYTES, MOST_OBJECTS = 100_000, 64 << 20, 2_000
"""Of one commit: changes, bytes of JSON, objects. They bound the memory of a run."""

ATTEMPTS = 5
AT_ONCE = 8
"""Objects that are read at once."""

RESERVE = 30.0
"""Seconds that must be left for one more commit."""

LEASE, LEASE_SECONDS = "archive", 90
"""Two committers at once do no harm, but one of them works in vain."""


POLL_SECONDS = 0.5


def commit(setup: ArchiveSetup, *, wait_seconds: float = 0.0) -> Committed:
    """One run of the stage's committer. See `Committer.run`.

    wait_seconds: how long it waits at most for a run that is under way, which may have listed the
        landing before the last object came.
    """
    lease = RunLease(setup.state.leases, LEASE, setup.holder, LEASE_SECONDS, setup.now_ms)
    until = setup.clock() + wait_seconds
    while not lease.hold():
        if setup.clock() >= until:
            return Committed(busy=True)
        setup.sleep(POLL_SECONDS)
    with lease.given_back():
        return Committer(setup.landing, setup.lake, setup.now_ms).run(setup.left, lease.hold)


class Committer:
    """Moves the landing into the table. See the module."""

    def __init__(self, landing: Landing, lake: Lake, now_ms: Callable[[], int]) -> None:
        self._landing, self._lake, self._now_ms = landing, lake, now_ms

    def run(
        self, time_left: Callable[[], float], hold: Callable[[], bool] = lambda: True
    ) -> Committed:
        """Commit until the landing is empty or the time is nearly over.

        hold: keeps the lease; False ends the run. It is called before each commit.
        Raises OutcomeUnknown when a commit had no answer, Overtaken when others commit all the
        time, and what the adapters raise. A further run is harmless in any case.
        """
        done = Committed()
        listed = self._landing.list()
        first = next(listed, None)
        if first is None:
            self._lake.head()  # makes the table, so that readers find it
            return done
        began_ms = self._now_ms()
        waiting = _again(first, listed)
        while some := list(islice(waiting, MOST_OBJECTS)):
            while some:
                if done.commits and (time_left() < RESERVE or not hold()):
                    done.left = True
                    return done
                some = some[self._commit(some, done, began_ms) :]
        return done

    def _commit(self, objects: list[StoredObject], done: Committed, began_ms: int) -> int:
        """Commit the first of these objects; returns how many are done."""
        read, names, rejected = [], [], 0
        changes = size = 0
        for each, body in self._bodies(objects):
            if changes >= MOST_CHANGES or size >= MOST_BYTES:
                break
            names.append(each.name)
            done.oldest_ms = max(done.oldest_ms, began_ms - each.at_ms)
            if body is None:
                continue  # another run has done it
            try:
                messages = landing_encoding.decode(body)
            except ValueError:
                self._landing.reject(each.name)
                rejected += 1
                continue
            read.append(LandedObject(messages, each.at_ms))
            changes += sum(len(message.changes) for message in messages)
            size += sum(map(_size, messages))
        self._append(read, done)
        self._landing.delete(names)
        done.objects += len(names) - rejected
        done.rejected += rejected
        return len(names)

    def _bodies(self, objects: list[StoredObject]) -> Iterator[tuple[StoredObject, bytes | None]]:
        """The objects with their content; S3 answers many requests at once as fast as one."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for start in range(0, len(objects), AT_ONCE):
                some = objects[start : start + AT_ONCE]
                bodies = pool.map(self._landing.get, [each.name for each in some])
                yield from zip(some, bodies, strict=True)

    def _append(self, read: list[LandedObject], done: Committed) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            head = self._lake.head()
            ledger = Ledger.decode(head.ledger)
            rows = new_rows(read, ledger)
            if rows.table is not None:
                for place, numbers in rows.numbers.items():
                    ledger.add(place, numbers)
                try:
                    self._lake.append(head, rows.table, ledger.encode())
                except Overtaken:
                    if attempt == ATTEMPTS:
                        raise
                    continue
                done.commits += 1
            done.rows += rows.size
            done.duplicates += rows.seen - rows.size
            return


def _size(message: landing_encoding.LandedMessage) -> int:
    """About how many bytes the changes of a message have."""
    return sum(
        len(memoryview(change.before)) + len(memoryview(change.after)) + 200
        for change in message.changes
    )


def _again(first: StoredObject, rest: Iterator[StoredObject]) -> Iterator[StoredObject]:
    yield first
    yield from rest
