"""Relay state: whether the relay of a source runs, waits, is silent or failed, and what it says."""

from shared.adapters.state.streams import Streams
from shared.flows.health.stage_facts import RelayFacts
from shared.flows.health.thresholds import LOST_SHOWN_S
from shared.values.checkpoint import Checkpoint, Lost
from shared.values.relay_lease import RELAY_SILENT_SECONDS
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings


def relay_facts(streams: Streams, source: SourceSettings, now: float) -> RelayFacts:
    """What the lease and the checkpoint of a source's relay say. `now`: Unix seconds."""
    lease, checkpoint = streams.load(source.stream)
    figures = dict(lease.figures)
    error = str(figures.pop("error", "") or "")
    renewed = float(figures.get("renewed_ms", 0)) / 1000
    if error:
        state = "failed"
    elif lease.holder:
        state = "running" if now - renewed < RELAY_SILENT_SECONDS else "silent"
    else:
        state = "waiting" if checkpoint else "never"
    epoch, n = split_seq(checkpoint.seq + checkpoint.rows) if checkpoint else (0, 0)
    return RelayFacts(
        source=source.name,
        state=state,
        holder=lease.holder,
        token=lease.token,
        position=str(checkpoint.position) if checkpoint else "",
        read_to=str(checkpoint.read_to) if checkpoint else "",
        epoch=epoch,
        n=n,
        server=checkpoint.server if checkpoint else "",
        lag_s=_lag(checkpoint, now),
        error=error,
        figures=figures,
        lost=_lost(checkpoint.lost, now) if checkpoint and checkpoint.lost else "",
        kept_s=int(figures.get("binlog_kept_s", 0)),
        stopped=_stopped(checkpoint) if checkpoint else {},
    )


def _lag(checkpoint: Checkpoint | None, now: float) -> float | None:
    if checkpoint is None or not checkpoint.read_ts_ms:
        return None
    return max(0.0, round(now - checkpoint.read_ts_ms / 1000, 1))


def _stopped(checkpoint: Checkpoint) -> dict[str, tuple[str, str]]:
    return {
        name: (checkpoint.stopped[name].what, checkpoint.stopped[name].fix)
        for name in checkpoint.whole.stopped
    }


def _lost(lost: Lost, now: float) -> str:
    return lost.summary() if lost.pending or now - lost.at_ms / 1000 < LOST_SHOWN_S else ""
