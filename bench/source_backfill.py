"""A backfill from the source beside `elasticsearch.helpers.parallel_bulk`, on one Elasticsearch.

As `filling`, but the job reads a MariaDB, under the checkpoint of a real relay. The checkpoint is
in the emulated DynamoDB; everything else of the state, and the queue, is in memory.
"""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from bench import consuming, measured_relay
from bench.archive_backfill import FillingFunctions
from bench.binlog_workload import DATABASE, TABLE, fill
from bench.say import Say
from bench.side import BenchSide, documents_per_second, in_turn, speed_ratio
from local.servers.database_server import DatabaseServer
from local.servers.elasticsearch_server import ElasticsearchServer
from shared.adapters import aws
from shared.adapters.database.sql import SqlDatabase
from shared.adapters.state.dynamodb import open_state
from shared.flows.backfill.backfill import Backfill
from shared.flows.jobs.job_setup import JobSetup
from shared.values import source_endpoint
from shared.values.settings import SourceSettings, TableSettings
from tests.worlds.consumer_world import STREAM
from tests.worlds.twins.claims import MemoryClaims

NAME = f"{DATABASE}.{TABLE}"
SOURCE = SourceSettings(STREAM, "none", {NAME: TableSettings()})


def figures(
    server: DatabaseServer, folder: Path, rows: int, rounds: int, say: Say
) -> dict[str, float]:
    """Both sides in turn; the median of the rounds counts."""
    fill(server, rows)
    with measured_relay.emulated(folder) as environment, mock.patch.dict(os.environ, environment):
        place, seen = measured_relay.RelayingPlace(server, environment), measured_relay.Seen()
        relay = place.job("fill", seen, place.position(), NAME, STREAM)
        with measured_relay.running(relay), consuming.started(folder) as search:
            say(f"fill from the source: {rows:,} rows, {rounds} rounds")
            url, state = server.reader_url, place.state_table
            ours, theirs = in_turn(
                rounds,
                lambda number: _fill(search, f"plain-{number}", rows, url, state),
                lambda number: consuming.bulk(search, f"bulk-{number}", rows),
            )
    return {
        "plain_fill_documents_per_second": documents_per_second(rows, ours),
        "bulk_beside_plain_fill_documents_per_second": documents_per_second(rows, theirs),
        "plain_fill_to_parallel_bulk": speed_ratio(ours, theirs),
    }


def _fill(
    search: ElasticsearchServer, index: str, rows: int, url: str, state_table: str
) -> BenchSide:
    functions = FillingFunctions(search.url, index, rows)
    stored = open_state(aws.client("dynamodb"), state_table)
    while stored.streams.load(STREAM)[1] is None:  # the relay has just been started
        time.sleep(0.1)

    def run() -> tuple[int, float]:
        world = consuming.world_of(search.url, index)
        state = replace(world.state, streams=stored.streams)
        state.done_messages.noted = functions.noted  # type: ignore[method-assign]
        unused: Any = None
        setup = JobSetup(
            world.settings,
            SOURCE,
            SqlDatabase(source_endpoint.parse(url)),
            state,
            claims=MemoryClaims(),
            queue=functions,  # type: ignore[arg-type]
            sink=unused,
        )
        began = time.process_time()
        Backfill(setup).run([NAME])
        return functions.failed, time.process_time() - began

    side = consuming.measured(run, search, index, rows)
    functions.stop()
    return side
