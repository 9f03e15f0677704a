"""How much a test does: `make test` runs everything once, `make soak` repeats at length.

A test that is marked `soak` runs in both tiers, and takes its size from here. ROWLINE_TIER chooses
the tier; ROWLINE_SEED lets the random worlds take another way.
"""

import os
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Tier:
    """The sizes of one tier, `name`.

    relay_runs: Runs of the world in which relays work, crash and follow each other.
    stopping_runs: Runs of the world in which tables cannot be captured for a while.
    losing_runs: Runs of the world in which servers lose transactions.
    restart_runs: Runs of the world in which servers start again.
    consume_runs: Runs of the consumer's state machine.
    mutants: Faults that are planted in the consumer's runtime, for its tests to find.
    outage_runs: Runs of the world in which a sink is away and processes are killed.
    backfill_runs, verify_runs, replay_runs, fill_runs: Worlds in which such a job works among
        changes.
    history_worlds: Worlds whose past is asked for.
    border_runs: Stanzas that cross from the plugin to the library; Node.js starts for each.
    publish_queue_runs: Feeds of the relay's publish queue.
    wild_documents: Random sessions on a database, carried into Elasticsearch.
    wild_sessions: Random sessions on a database, read from its binlog.
    damaged_runs, damaged_seeds: Damaged packets with and without checksums.
    histories: Random histories, each read from places anywhere in it.
    cut_rounds: Connections to a database, each cut several times.
    relay_kills: Relays killed one after the other while changes flow.
    server_kills: Relays and their server killed in turn.
    backfill_kills: Backfills killed in the foreground before one ends.
    stack_kills: Foreground relays killed beside a deployed stack.
    poison_messages: Messages with a poison change at another position each.
    outages: Stops of Elasticsearch under load. outage_seconds: how long each takes.
    load_seconds: How long writers write while relays come and go.
    changes_per_second: How fast rows change beside an outage, a backfill, a cutover, an upgrade.
    workload: Row changes of the marketplace's workload.
    archive_runs: Worlds in which committers are killed.
    archive_questions: Questions about rows at times, each answered by Athena.
    archive_changes, archive_kills: Changes that killed committers bring into an Iceberg table.
    """

    name: str
    relay_runs: int
    stopping_runs: int
    losing_runs: int
    restart_runs: int
    consume_runs: int
    mutants: int
    outage_runs: int
    backfill_runs: int
    verify_runs: int
    replay_runs: int
    fill_runs: int
    history_worlds: int
    border_runs: int
    publish_queue_runs: int
    wild_documents: int
    wild_sessions: int
    damaged_runs: int
    damaged_seeds: int
    histories: int
    cut_rounds: int
    relay_kills: int
    server_kills: int
    backfill_kills: int
    stack_kills: int
    poison_messages: int
    outages: int
    outage_seconds: float
    load_seconds: float
    changes_per_second: int
    workload: int
    archive_runs: int
    archive_questions: int
    archive_changes: int
    archive_kills: int


TIERS = {
    "normal": Tier(
        name="normal",
        relay_runs=100,
        stopping_runs=60,
        losing_runs=50,
        restart_runs=60,
        consume_runs=100,
        mutants=1,
        outage_runs=25,
        backfill_runs=40,
        verify_runs=30,
        replay_runs=12,
        fill_runs=8,
        history_worlds=1,
        border_runs=3,
        publish_queue_runs=10,
        wild_documents=1,
        wild_sessions=2,
        damaged_runs=100,
        damaged_seeds=100,
        histories=1,
        cut_rounds=2,
        relay_kills=2,
        server_kills=2,
        backfill_kills=1,
        stack_kills=2,
        poison_messages=3,
        outages=1,
        outage_seconds=10.0,
        load_seconds=3.0,
        changes_per_second=40,
        workload=2_000,
        archive_runs=45,
        archive_questions=8,
        archive_changes=4_000,
        archive_kills=2,
    ),
    "soak": Tier(
        name="soak",
        relay_runs=1_000,
        stopping_runs=550,
        losing_runs=550,
        restart_runs=550,
        consume_runs=900,
        mutants=99,
        outage_runs=250,
        backfill_runs=400,
        verify_runs=400,
        replay_runs=200,
        fill_runs=80,
        history_worlds=4,
        border_runs=20,
        publish_queue_runs=120,
        wild_documents=4,
        wild_sessions=50,
        damaged_runs=2_500,
        damaged_seeds=2_600,
        histories=4,
        cut_rounds=30,
        relay_kills=45,
        server_kills=15,
        backfill_kills=3,
        stack_kills=12,
        poison_messages=11,
        outages=1,
        outage_seconds=60.0,
        load_seconds=40.0,
        changes_per_second=100,
        workload=20_000,
        archive_runs=400,
        archive_questions=30,
        archive_changes=20_000,
        archive_kills=12,
    ),
}

TIER = TIERS[os.environ.get("ROWLINE_TIER", "normal")]
SEED = int(os.environ.get("ROWLINE_SEED", "0"))

ONLY_SOAK = pytest.mark.skipif(TIER.name != "soak", reason="make soak has the time for it")
"""Beside the mark `soak`: `make test` leaves it out, for it has another test of the subject."""
