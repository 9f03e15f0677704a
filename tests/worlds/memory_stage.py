"""A stage in memory, for relays that read real servers."""

from collections.abc import Callable

from shared.flows.relay.reading.connecting import database, opener, preflight
from shared.flows.relay.relay_setup import RelaySetup
from shared.values.change import Change
from shared.values.checkpoint import Checkpoint
from shared.values.settings import SourceSettings
from shared.values.source_endpoint import SourceEndpoint
from tests.integration.relay_faults.process import Running
from tests.worlds.relay.simulated import SimulatedTopic
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemoryCoverages, MemoryDues, MemorySchemas, MemoryStreams


class MemoryStage:
    """Of one source, `shop`."""

    def __init__(self) -> None:
        self.coverage = MemoryCoverages()
        self.topic, self.streams, self.schemas, self.claims = (
            SimulatedTopic(),
            MemoryStreams(),
            MemorySchemas(),
            MemoryClaims(),
        )

    def relay(
        self, source: SourceSettings, reader: Callable[[], SourceEndpoint], holder: str
    ) -> Running:
        """A relay that reads where `reader` leads to, and takes the lease from the one before."""
        return Running(
            RelaySetup(
                source=source,
                streams=self.streams,
                schemas=self.schemas,
                dues=MemoryDues(),
                coverage=self.coverage,
                claims=self.claims,
                topic=self.topic,
                open_binlog=opener(reader, "test"),
                open_database=database(reader),
                preflight=preflight(reader, source),
                holder=holder,
                manner="take",
                run="foreground",
            )
        )

    def point(self) -> Checkpoint | None:
        return self.streams.load("shop")[1]

    def rows(self) -> dict[tuple[str, int], str]:
        """What a store of the latest state holds: (table, id) → note."""
        latest: dict[tuple[str, int], Change] = {}
        for group, change in list(self.topic.delivered):
            row = (self.topic.tables[group], change.key["id"])
            if row not in latest or latest[row].seq < change.seq:
                latest[row] = change
        return {row: change.after["note"] for row, change in latest.items() if change.after}
