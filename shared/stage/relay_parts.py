"""Relay parts: the parts of a source's relay."""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.domain.trace_sampling import TraceSampler
from shared.stage.aws_parts import AwsParts
from shared.stage.source_parts import SourceParts
from shared.values.source_endpoint import SourceEndpoint

if TYPE_CHECKING:
    from shared.flows.relay.relay_setup import Manner, RelaySetup


class RelayParts(AwsParts, SourceParts):
    """The relays of a stage."""

    def relay(
        self,
        name: str | None,
        *,
        holder: str,
        manner: "Manner",
        run: str,
        report: Callable[[dict[str, Any], dict[str, float]], None],
        report_seconds: float = 10.0,
        left_ms: Callable[[], int | None] = lambda: None,
        stop: threading.Event | None = None,
    ) -> "RelaySetup":
        """The parts of a source's relay; see `RelaySetup` for the parameters."""
        from shared.flows.relay.reading.connecting import database, opener, preflight
        from shared.flows.relay.relay_setup import RelaySetup

        source = self.source(name)
        siblings = self.settings.siblings(source)

        def here() -> SourceEndpoint:
            return self.endpoint(source.name)

        return RelaySetup(
            source=source,
            streams=self.state.streams,
            schemas=self.state.schemas,
            dues=self.state.dues,
            coverage=self.state.coverage,
            claims=self.claims,
            topic=self.topic,
            open_binlog=opener(here, f"{self.full_name}/{source.name}"),
            open_database=database(here),
            preflight=preflight(here, source),
            others={each.stream: each.tables for each in siblings},
            elsewhere={name: how for each in siblings for name, how in each.tables.items()},
            holder=holder,
            manner=manner,
            run=run,
            version=os.environ.get("ROWLINE_VERSION", ""),
            mask_key=lambda: self.mask_key(source),
            left_ms=left_ms,
            report=report,
            report_seconds=report_seconds,
            stop=stop or threading.Event(),
            sampler=TraceSampler(self.settings.traced_share),
            tracer=self.tracer,
            traced_as=f"{self.full_name} relay {name or source.stream}",
        )
