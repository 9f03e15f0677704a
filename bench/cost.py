"""The cost of a stage a month, idle and loaded (long: one count of all).

Prices are those of bench/prices.json. The work is counted from what the program does: how often it
calls, and how large its items are. `python -m bench.cost_pages` shows the tables.
"""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from shared.adapters.metrics.emf import emit
from shared.adapters.state.dynamodb.marks import SHARDS
from shared.domain.firehose_records import FULL
from shared.flows.consume.batch_result import Consumed
from shared.flows.relay.lease import lease_margins
from shared.flows.relay.relay_setup import RelaySetup
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.settings import TableSettings

PRICES: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text())
HOURS = 730
SECONDS = HOURS * 3600
GB = 1e9

LOADS = {"idle": 0.0, "10 changes/s": 10.0, "200 changes/s": 200.0}
"""Changes a second, all month."""

TABLES = 10
CHANGE_BYTES = 1400
"""Of a message with one change: a row of 1 KB as JSON, and what the message says of it."""

LINGER_SECONDS = 0.02
"""Changes wait so long for company: a source makes at most 1 / LINGER_SECONDS requests a second."""

RELAY_GB, TASK_VCPU, TASK_GB = 1.0, 0.25, 0.5
RUN_SECONDS = 900
"""Of a relay function; each minute another invocation starts, looks, and leaves."""

TRACED = 0.01
"""The share of messages in the table of traces."""

LOOK_SECONDS = 2.0
STANDBY_SECONDS = 35.0
"""How long the next run waits beside the last one: its tick comes within the last 65 s."""

CONSUMER_GB, BATCH_SECONDS, CONCURRENCY = 0.5, 0.1, 10
POLLERS, LONG_POLL_SECONDS = 5, 20
"""Lambda's pollers of an empty queue. Source: Lambda developer guide, "Using Lambda with Amazon
SQS".
"""

MARK_BYTES = SHARDS * (len("s00") + len("c00") + 10 + 5) + 100
"""The item with the marks of a batch's group: names, a seq and a count for each shard; its key."""

MARK_READS = 3
"""Further items that a batch reads with its marks, each of less than 4 KB: the backfill under way,
the groups with parked changes, and the gate.
"""

LEASE_BYTES = 600
"""Of the state item beside the checkpoint: lease and figures."""

LOG_EVENT_BYTES = 26
"""Counted for each line beside its text. Source: CloudWatch pricing, "Logs", and CloudWatch Logs
API reference, PutLogEvents.
"""

ARCHIVE_GB, COMMIT_SECONDS, COMMIT_RATE = 2.0, 1.5, 20_000
"""The archive's function: its memory, a commit without rows, changes a second of a commit. Each
change is written about twice, by the commit and by rewrites.
"""

DRAIN_ROUNDS = {0.0: 0, 10.0: 4, 200.0: 26}
"""Rounds of the run of an archive's consumer each minute, each of which lands an object: changes of
one each, over TABLES tables of 64 groups. A test counts them (tests/unit/test_cost.py).
"""

DRAIN_SECONDS, RECEIVE_SECONDS = 2.0, 0.02
"""A drain's cold start and its last long poll; a receive or a delete of ten messages, with a
message's share of the work.
"""

LANDED_BYTES = 2_400
"""Of a change as a line of the landing: `before` and `after` of 1 KB each, uncompressed."""

FIREHOSE_STEP = 5 * 1024
"""Firehose counts a record as a multiple of it. Source: Amazon Data Firehose pricing, "Direct PUT
and KDS as a source".
"""

FIREHOSE_SECONDS = 15
"""The stream's buffering (plugins/rowline/expand/archive_firehose.js); a run each minute meets one
buffer more than fit into its time.
"""

FIREHOSE_PUTS = 3
"""Requests that write an object: below 60 s of buffering Firehose uses multi-part uploads, whose
beginning, part and end each count as a PUT. Source: Amazon Data Firehose developer guide,
"Understand buffering hints"; Amazon S3 pricing, "Requests & data retrievals".
"""

ARCHIVED_BYTES = 600
"""Of a change in the table: `before` and `after` of 1 KB each, compressed to a quarter."""

COMMIT_REQUESTS, IDLE_REQUESTS = (10, 20, 5), (1, 2, 2)
"""Writes and lists, reads, and calls of Glue, of a run of the committer: with changes, without."""

INVOCATION_LOG_BYTES = 71 + 52 + 160 + 3 * LOG_EVENT_BYTES
"""START, END and REPORT, which Lambda writes of each invocation."""

REPORT_BYTES = 500
"""Of the line that a report of the relay writes."""

RELAY_METRICS, ALARMS, SECRETS = 4, 14, 2
WATCH_METRICS = 9
"""Of the watch, its relay and its consumer."""

WATCH_GB, WATCH_SECONDS, WATCH_WRITES, WATCH_READS, WATCH_LOG_BYTES = 0.25, 1.0, 2, 8, 2500
KEY_USERS = 5
"""Each asks for a data key once in five minutes: the topic, the queue from both sides, the table
from both. Source: SNS developer guide, "Managing Amazon SNS encryption keys and costs".
"""


def price(name: str) -> float:
    return float(PRICES["usd"][name][0])


def write_units(size: int) -> int:
    """Of an item of so many bytes: one for each KB."""
    return -(-size // 1024)


def read_units(size: int) -> int:
    """Of a consistent read: one for each 4 KB."""
    return -(-size // 4096)


def state_bytes() -> int:
    """Of the item that the relay rewrites each second, for a source of TABLES tables."""
    tables = {f"market.table_number_{n}": TableSettings() for n in range(TABLES)}
    place = Position("mysql-bin.000123", 123456789, "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-99999")
    capture = CaptureConfiguration(tables).text()
    checkpoint = Checkpoint.begin(
        place, 1, Lineage("3e11fa47-71ca-11e1-9e33-c80aa9429562"), capture
    )
    return len(checkpoint.text()) + LEASE_BYTES


def relay_function() -> float:
    runs = SECONDS / RUN_SECONDS
    looks = RUN_SECONDS / 60 - 1
    busy = SECONDS + runs * (STANDBY_SECONDS + looks * LOOK_SECONDS)
    requests = price("lambda_request") * SECONDS / 60
    return busy * RELAY_GB * price("lambda_gb_second") + requests


def relay_container() -> float:
    hour = TASK_VCPU * price("fargate_vcpu_hour") + TASK_GB * price("fargate_gb_hour")
    return HOURS * hour


def relay_state() -> float:
    renewals = SECONDS / lease_margins.RENEW_SECONDS
    return renewals * write_units(state_bytes()) * price("dynamodb_write_unit")


def journal(rate: float) -> float:
    """At most one object a second while changes flow."""
    return min(rate, 1.0) * SECONDS * price("s3_put")


def topic(rate: float) -> float:
    """Requests of what came within the linger time, messages of one change each."""
    requests = rate / (1 + rate * LINGER_SECONDS)
    payload = rate * CHANGE_BYTES / GB
    return SECONDS * (requests * price("sns_fifo_request") + payload * price("sns_fifo_gb"))


def delivery(rate: float) -> float:
    one = price("sns_fifo_delivery") + CHANGE_BYTES / GB * price("sns_fifo_delivered_gb")
    return SECONDS * rate * one


def batches(rate: float) -> float:
    """A second: of one message, until all places are busy."""
    return min(rate, CONCURRENCY / BATCH_SECONDS)


def queue(rate: float) -> float:
    """A message is sent; a batch is received and deleted; an empty queue is asked all the same."""
    empty = POLLERS / LONG_POLL_SECONDS if rate < 1 else 0.0
    requests = rate + 2 * batches(rate) + empty
    return SECONDS * requests * price("sqs_fifo_request")


def consumer_function(rate: float, batch_seconds: float = BATCH_SECONDS) -> float:
    batch = batch_seconds * CONSUMER_GB * price("lambda_gb_second") + price("lambda_request")
    return SECONDS * batches(rate) * batch


def marks(rate: float) -> float:
    read = (MARK_READS + read_units(MARK_BYTES)) * price("dynamodb_read_unit")
    write = write_units(MARK_BYTES) * price("dynamodb_write_unit")
    return SECONDS * batches(rate) * (read + write)


def batch_figures() -> dict[str, float]:
    """The figures of a batch that went well."""
    return Consumed(applied=1, newest_ts_ms=1_795_760_000_000).figures(now_ms=1_795_760_000_123)


def batch_log_bytes() -> int:
    """What a batch that went well writes: the line of its figures, and Lambda's own."""
    line = io.StringIO()
    with contextlib.redirect_stdout(line):
        emit("rowline-prod", "consumer", "listingSearch", batch_figures())
    return len(line.getvalue()) + LOG_EVENT_BYTES + INVOCATION_LOG_BYTES


def watching(rate: float) -> float:
    """Metrics, alarms and logs."""
    metrics = RELAY_METRICS + WATCH_METRICS + (len(batch_figures()) if rate else 0)
    reports = SECONDS / RelaySetup.report_seconds
    written = reports * REPORT_BYTES + SECONDS * batches(rate) * batch_log_bytes()
    written += SECONDS / 60 * WATCH_LOG_BYTES
    fixed = metrics * price("metric_month") + ALARMS * price("alarm_month")
    return fixed + written / GB * price("logs_gb")


def watch() -> float:
    """A run each minute."""
    run = WATCH_SECONDS * WATCH_GB * price("lambda_gb_second") + price("lambda_request")
    state = WATCH_WRITES * price("dynamodb_write_unit") + WATCH_READS * price("dynamodb_read_unit")
    return SECONDS / 60 * (run + state + 3 * price("sqs_fifo_request"))


def keys() -> float:
    requests = KEY_USERS * SECONDS / 300
    used = price("kms_key_month") + requests * price("kms_request")
    return used + SECRETS * price("secret_month")


def parts(rate: float) -> dict[str, float]:
    """What everything but the relay itself costs a month at so many changes a second."""
    return {
        "relay: lease, checkpoint and journal": relay_state() + journal(rate),
        "topic": topic(rate),
        "consumer: delivery and queue": delivery(rate) + queue(rate),
        "consumer: function": consumer_function(rate),
        "consumer: marks": marks(rate),
        "watch": watch(),
        "metrics, alarms and logs": watching(rate),
        "key and two secrets": keys(),
    }


def table() -> list[str]:
    """The cost of a stage with one source and one consumer."""
    rates = list(LOADS.values())
    rows: list[tuple[str, list[float]]] = [
        ("relay as a function of 1 GB", [relay_function()] * len(rates)),
        ("relay as a container of 0.25 vCPU, 0.5 GB", [relay_container()] * len(rates)),
    ]
    rows += [(name, [parts(rate)[name] for rate in rates]) for name in parts(0.0)]
    rest = [sum(parts(rate).values()) for rate in rates]
    rows += [
        ("**all, relay as a function**", [relay_function() + each for each in rest]),
        ("**all, relay as a container**", [relay_container() + each for each in rest]),
    ]
    lines = [f"| USD a month | {' | '.join(LOADS)} |", "|---|" + "---:|" * len(rates)]
    return [*lines, *(f"| {name} | {' | '.join(map(amount, row))} |" for name, row in rows)]


def network() -> list[str]:
    """The cost of a VPC's way to AWS."""
    endpoint, nat = HOURS * price("endpoint_hour"), HOURS * price("nat_hour")
    rows = [
        ("gateway endpoints (DynamoDB, S3)", 0.0, 0.0),
        ("one interface endpoint in one zone", endpoint, price("endpoint_gb")),
        ("three in one zone: relay as a function", 3 * endpoint, price("endpoint_gb")),
        ("three in two zones", 6 * endpoint, price("endpoint_gb")),
        ("six in one zone: relay as a container, image in ECR", 6 * endpoint, price("endpoint_gb")),
        ("six in two zones", 12 * endpoint, price("endpoint_gb")),
        ("one NAT gateway", nat, price("nat_gb")),
    ]
    lines = ["| USD | a month | a GB |", "|---|---:|---:|"]
    return [*lines, *(f"| {name} | {amount(fixed)} | {gb:g} |" for name, fixed, gb in rows)]


def tracing() -> list[str]:
    """The cost of traces, of one message in a hundred.

    Of each function Lambda samples one invocation a second and 5 % of the rest.
    """

    def sampled(rate: float) -> float:
        each_minute = 1 / 60
        return each_minute + min(rate, 1 + 0.05 * max(0.0, batches(rate) - 1))

    rows = {
        "traces of messages, one change each": [TRACED * rate for rate in LOADS.values()],
        "invocations that Lambda samples itself": [sampled(rate) for rate in LOADS.values()],
    }
    lines = [f"| USD a month, tracing: {TRACED} | {' | '.join(LOADS)} |", "|---|" + "---:|" * 3]
    cost = SECONDS * price("xray_trace")
    for name, rates in rows.items():
        lines.append(f"| {name} | {' | '.join(amount(cost * rate) for rate in rates)} |")
    return lines


def archive(rate: float) -> dict[str, float]:
    """What an archive of all changes costs a month besides the stage, after 400 days."""
    runs = SECONDS / 60
    rounds = DRAIN_ROUNDS[rate]
    tens = _tens(rate)
    drain = _drain_seconds(rate) * CONSUMER_GB * price("lambda_gb_second")
    looks = runs * (COMMIT_SECONDS + LOOK_SECONDS if rate else LOOK_SECONDS)
    busy = looks + SECONDS * 2 * rate / COMMIT_RATE
    function = busy * ARCHIVE_GB * price("lambda_gb_second") + runs * price("lambda_request")
    # With changes a drain starts a commit, and the committer's own schedule finds nothing.
    both = zip(COMMIT_REQUESTS if rate else (0, 0, 0), IDLE_REQUESTS, strict=True)
    puts, gets, glue = map(sum, both)
    requests = puts * price("s3_put") + gets * price("s3_get") + glue * price("glue_request")
    kept = rate * 400 * 86_400 * ARCHIVED_BYTES / GB
    asked = SECONDS * rate + runs * (2 * tens + 1)
    reads = (rounds + 1) * price("dynamodb_read_unit") * MARK_READS
    return {
        "delivery and queue": delivery(rate) + asked * price("sqs_fifo_request"),
        "consumer function": runs * (drain + price("lambda_request") + reads),
        "landing": runs * rounds * (price("s3_put") + price("s3_get")),
        "committer and maintenance": function,
        "requests of commits": runs * requests,
        "storage of 400 days": kept * price("s3_gb_month"),
    }


def _tens(rate: float) -> float:
    """Receives or deletes of a run of the archive's consumer."""
    return rate * 60 / 10 + 2 * DRAIN_ROUNDS[rate]


def _drain_seconds(rate: float) -> float:
    """What a run of the archive's consumer takes."""
    return DRAIN_SECONDS + (2 * _tens(rate) + DRAIN_ROUNDS[rate]) * RECEIVE_SECONDS


def firehose(rate: float) -> float:
    """What the landing costs a month with `via: firehose`: records, and an object a buffer."""
    runs, size = SECONDS / 60, rate * 60 * LANDED_BYTES
    records = DRAIN_ROUNDS[rate] + size / FULL
    counted = size + records * FIREHOSE_STEP / 2
    objects = min(60, _drain_seconds(rate)) // FIREHOSE_SECONDS + 1 if rate else 0
    requests = objects * (FIREHOSE_PUTS * price("s3_put") + price("s3_get"))
    return runs * (counted / GB * price("firehose_gb") + requests)


def archive_table() -> list[str]:
    """The cost of an archive beside a stage."""
    rates = list(LOADS.values())
    rows = [(name, [archive(rate)[name] for rate in rates]) for name in archive(0.0)]
    sums = [sum(archive(rate).values()) for rate in rates]
    rows.append(("**all**", sums))
    landing = [archive(rate)["landing"] for rate in rates]
    by_firehose = [firehose(rate) for rate in rates]
    rows.append(("landing with `via: firehose`", by_firehose))
    changed = [
        one - before + after for one, before, after in zip(sums, landing, by_firehose, strict=True)
    ]
    rows.append(("**all, with `via: firehose`**", changed))
    lines = [f"| archive, USD a month | {' | '.join(LOADS)} |", "|---|" + "---:|" * len(rates)]
    return [*lines, *(f"| {name} | {' | '.join(map(amount, row))} |" for name, row in rows)]


def amount(dollars: float) -> str:
    return f"{dollars:,.2f}"
