"""A relay in a process of its own, with a lease that is over sooner: killed in a loop, ten seconds
of waiting each would be minutes.
"""

import json
import threading
from typing import Any, Self

import boto3
import msgspec

from shared.adapters.state.dynamodb import DynamoCoverages, DynamoDues, DynamoSchemas, DynamoStreams
from shared.adapters.topic.sns import open_topic
from shared.flows.relay.lease import lease_margins, start_under_lease
from shared.flows.relay.reading.connecting import database, opener, preflight
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.values import source_endpoint
from shared.values.settings import SourceSettings
from tests.worlds.twins.claims import MemoryClaims

LEASE_SECONDS, REQUEST_SECONDS, RENEW_SECONDS = 0.5, 0.3, 0.1
SOURCE = "shop"


class RelayPlace(msgspec.Struct, frozen=True):
    """Where a relay of the tests works: `url` of the source, its captured tables, names of topic,
    queue and state table.
    """

    url: str
    tables: dict[str, Any]
    topic: str
    queue: str
    table: str

    def settings(self) -> SourceSettings:
        return msgspec.convert(
            {"name": SOURCE, "secret": "none", "tables": self.tables, "start": "latest"},
            SourceSettings,
        )

    def streams(self) -> DynamoStreams:
        return DynamoStreams(boto3.client("dynamodb"), self.table)


def job(stack: RelayPlace, holder: str, **options: Any) -> RelaySetup:
    source, reader = stack.settings(), source_endpoint.parse(stack.url)
    return RelaySetup(
        source=source,
        streams=stack.streams(),
        schemas=DynamoSchemas(boto3.client("dynamodb"), stack.table),
        dues=DynamoDues(boto3.client("dynamodb"), stack.table),
        coverage=DynamoCoverages(boto3.client("dynamodb"), stack.table),
        claims=MemoryClaims(),
        topic=open_topic(stack.topic),
        open_binlog=opener(lambda: reader, stack.topic),
        open_database=database(lambda: reader),
        preflight=preflight(lambda: reader, source),
        holder=holder,
        **{"manner": "take", "run": "foreground", **options},
    )


def run(stack: str, holder: str) -> None:
    """What the child process does until it is killed."""
    lease_margins.LEASE_SECONDS, lease_margins.REQUEST_SECONDS = LEASE_SECONDS, REQUEST_SECONDS
    lease_margins.RENEW_SECONDS, start_under_lease.LOOK_SECONDS = RENEW_SECONDS, 0.05
    relay(job(msgspec.convert(json.loads(stack), RelayPlace), holder))


class Running:
    """A relay in a thread."""

    def __init__(self, one: RelaySetup) -> None:
        self.job, self.ended = one, list[Any]()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self.ended.append(relay(self.job))
        except BaseException as error:  # noqa: BLE001 (looked at by the test)
            self.ended.append(error)

    def stop(self) -> Any:
        self.job.stop.set()
        return self.result()

    def result(self) -> Any:
        self._thread.join(120)
        return self.ended[0]
