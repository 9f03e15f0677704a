"""Figures of the relay: at backlog, when idle, under a steady load, at a hand-over."""

import threading
import time
from dataclasses import dataclass
from statistics import median, quantiles

from bench.measured_relay import RelayingPlace, Seen, running
from bench.say import Say


@dataclass(frozen=True)
class Size:
    """How much is measured.

    backlog: Changes that wait in the binlog.
    idle: Single changes.
    handovers: Relays that take the lease from another one.
    rate, seconds: The steady load: transactions a second, and for how long.
    """

    backlog: int = 100_000
    idle: int = 40
    handovers: int = 3
    rate: int = 200
    seconds: float = 10.0


def figures(place: RelayingPlace, size: Size, say: Say) -> dict[str, float]:
    """Every figure, by its name: `…_ms` milliseconds, the others as they say."""
    say(f"relay: backlog of {size.backlog:,} changes")
    found = backlog(place, size.backlog)
    say("relay: idle")
    found |= idle(place, size.idle)
    say(f"relay: {size.rate} transactions a second for {size.seconds:g} s")
    found |= steady(place, size.rate, size.seconds)
    say("relay: hand-over")
    return found | handover(place, size.handovers)


def backlog(place: RelayingPlace, changes: int) -> dict[str, float]:
    """Publish changes that waited in the binlog, and count every call of AWS.

    The calls count from the first look at the lease to the last acknowledgement.
    """
    seen, start = Seen(), place.position()
    place.insert(changes)
    began = time.monotonic()
    with running(place.job("backlog", seen, start)):
        seen.wait_for(changes)
        passed, calls = time.monotonic() - began, seen.calls.total()
    return {
        "aws_calls_per_1000_changes": 1000 * calls / changes,
        "publish_calls_per_1000_changes": 1000 * seen.calls["sns PublishBatch"] / changes,
        "bytes_per_change": seen.bytes / changes,
        "changes_per_message": changes / seen.messages,
        "backlog_changes_per_second": changes / passed,
    }


def idle(place: RelayingPlace, times: int) -> dict[str, float]:
    """One change at a time, until the request with it leaves.

    The time begins with its commit's arrival at the relay, and with the client's own COMMIT.
    """
    seen, committed = Seen(), list[float]()
    with running(place.job("idle", seen)):
        _until_it_reads(place, seen)
        first = seen.changes
        for number in range(times):
            time.sleep(0.05 + 0.1 * (number % 3))
            committed += place.insert(1)
            seen.wait_for(first + number + 1)
        sent = [each.sent for each in seen.published[-times:]]
        arrived = seen.commits[-times:]
    waited = [1000 * (left - came) for left, came in zip(sent, arrived, strict=True)]
    whole = [1000 * (left - own) for left, own in zip(sent, committed, strict=True)]
    return {
        "idle_arrival_to_request_ms": median(waited),
        "idle_arrival_to_request_max_ms": max(waited),
        "idle_commit_to_request_ms": median(whole),
    }


def steady(place: RelayingPlace, rate: int, seconds: float) -> dict[str, float]:
    """Lag: from the client's COMMIT until the topic has acknowledged."""
    seen = Seen()
    with running(place.job("steady", seen)):
        _until_it_reads(place, seen)
        first, amount = seen.changes, int(rate * seconds)
        began, start = time.monotonic(), place.next_row
        committed: list[float] = []
        for number in range(amount):
            committed += place.insert(1)
            time.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))
        seen.wait_for(first + amount)
    acknowledged = {row: each.acknowledged for each in seen.published for row in each.rows}
    lags = [1000 * (acknowledged[start + number] - own) for number, own in enumerate(committed)]
    return {"steady_lag_p50_ms": median(lags), "steady_lag_p99_ms": quantiles(lags, n=100)[98]}


def handover(place: RelayingPlace, times: int) -> dict[str, float]:
    """Another relay asks for the lease while changes flow.

    The figures are the time from its start to its first request, and the time without a
    publication.
    """
    asked, gaps = list[float](), list[float]()
    for number in range(times):
        old, new, ending = Seen(), Seen(), threading.Event()
        writer = threading.Thread(target=_write_on, args=(place, ending))
        with running(place.job(f"old {number}", old)):
            _until_it_reads(place, old)
            writer.start()
            try:
                old.wait_for(old.changes + 20)
                began = time.monotonic()
                with running(place.job(f"new {number}", new)):
                    new.wait_for(1)
            finally:
                ending.set()
                writer.join()
        first = min(each.sent for each in new.published)
        asked.append(1000 * (first - began))
        gaps.append(1000 * (first - max(each.sent for each in old.published)))
    return {"handover_asked_to_first_request_ms": median(asked), "handover_gap_ms": median(gaps)}


def _write_on(place: RelayingPlace, ending: threading.Event) -> None:
    while not ending.wait(0.005):
        place.insert(1)


def _until_it_reads(place: RelayingPlace, seen: Seen) -> None:
    """Write until a change arrives.

    A relay that starts at `latest` may start behind a row that was written before it connected.
    """
    end = time.monotonic() + 60
    while not seen.published:
        if time.monotonic() > end:
            raise TimeoutError("the relay publishes nothing")
        place.insert(1)
        time.sleep(0.2)
    before = -1
    while before != seen.changes:  # what else was written meanwhile has arrived too
        before = seen.changes
        time.sleep(0.3)
