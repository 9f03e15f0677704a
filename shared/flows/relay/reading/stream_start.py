"""Stream start: where a stream that was never read begins."""

import msgspec

from shared.adapters.binlog.contract import Binlog
from shared.domain.server_identity import run_of
from shared.flows.relay.reading.wanted_capture import WantedCapture
from shared.values.checkpoint import Checkpoint
from shared.values.lineage import Lineage
from shared.values.next_epoch import next_epoch
from shared.values.position import Position


def start_of(binlog: Binlog, start: str) -> Position:
    """Where `earliest`, `latest` or a position is on this server. Raises ConfigError,
    SourceError.
    """
    match start:
        case "earliest":
            return binlog.earliest()
        case "latest":
            return binlog.latest()
        case text:
            return Position.parse(text)


def first_checkpoint(
    binlog: Binlog, start: str, wanted: WantedCapture, asked_epoch: int, now_ms: int
) -> Checkpoint:
    """The checkpoint of a stream that was never read. Raises as `start_of` does."""
    position, capture = start_of(binlog, start), wanted.settled
    epoch = next_epoch(asked_epoch, now_ms=now_ms)
    begun = Checkpoint.begin(position, epoch, Lineage.begin(run_of(binlog)), capture.text())
    stopped = {name: wanted.stopped[name] for name in capture.stopped}
    return msgspec.structs.replace(begun, stopped=stopped)
