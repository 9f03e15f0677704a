"""Relay figures: what `rowline status` and the metrics show of a running relay."""

from collections.abc import Callable
from typing import Any

from shared.flows.relay.publishing.outbox import Outbox
from shared.values.checkpoint import Checkpoint

WINDOW_SECONDS = 10.0


class RelayFigures:
    """Rates over about the last ten seconds.

    now: monotonic seconds. now_ms: Unix ms. kept: how long the source keeps its binlogs.
    """

    def __init__(
        self,
        outbox: Outbox,
        run: str,
        version: str,
        now: float,
        now_ms: int,
        kept: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self._outbox, self._run, self._version, self._started_ms = outbox, run, version, now_ms
        self._samples: list[tuple[float, int, int]] = [(now, 0, 0)]
        self._flushed = (0, 0, 0)
        self.error, self._kept = "", kept
        self.waiting: dict[str, str] = {}
        self._lost_at = 0  # when the last loss was found that was counted
        self._lost = 0  # transactions since the metrics were last asked for

    def begin(self, checkpoint: Checkpoint | None) -> None:
        """What the checkpoint says was lost has been counted by an earlier relay."""
        self._lost_at = checkpoint.lost.at_ms if checkpoint and checkpoint.lost else 0

    def lag_ms(self, checkpoint: Checkpoint, now_ms: int) -> int:
        """Now minus the commit time of what is handled.

        On an idle source heartbeats keep it true; while changes wait it is theirs.
        """
        handled = checkpoint.read_ts_ms if self._outbox.drained else checkpoint.ts_ms
        return max(0, now_ms - handled) if handled else 0

    def shown(self, checkpoint: Checkpoint | None, now: float, now_ms: int) -> dict[str, Any]:
        """The figures that the lease shows.

        changes, changes_per_second: since the start, and lately.
        requests_per_1000: PublishBatch calls per 1,000 changes; absent while nothing is published.
        lag_ms, position, read_to, seq: of the checkpoint.
        started_ms, renewed_ms: when the relay was started, and when this was written.
        run, version: of the relay.
        waiting_for: tables, and the streams that still hold them.
        binlog_kept_s: how long the source keeps its binlogs; 0: for ever; absent: not known.
        error: why the source cannot be read now.
        """
        self._count_lost(checkpoint)
        changes, requests, _ = self._outbox.counters()
        self._samples.append((now, changes, requests))
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW_SECONDS:
            self._samples.pop(0)
        then, changes_then, requests_then = self._samples[0]
        recent = changes - changes_then
        shown: dict[str, Any] = {
            "run": self._run,
            "version": self._version,
            "started_ms": self._started_ms,
            "renewed_ms": now_ms,
            "changes": changes,
            "changes_per_second": round(recent / max(now - then, 0.001), 1),
        }
        if recent:
            shown["requests_per_1000"] = round((requests - requests_then) * 1000 / recent, 1)
        if checkpoint:
            shown |= {
                "lag_ms": self.lag_ms(checkpoint, now_ms),
                "position": str(checkpoint.position),
                "read_to": str(checkpoint.read_to),
                "seq": checkpoint.seq + checkpoint.rows,
            }
        shown |= self._kept()
        if self.waiting:
            shown["waiting_for"] = dict(self.waiting)
        if self.error:
            shown["error"] = self.error
        return shown

    def metrics(self, shown: dict[str, Any]) -> dict[str, float]:
        """The metrics for CloudWatch: lag now, and what was done since the last call.

        `TransactionsLost` only where a server lacked some.
        """
        counters = self._outbox.counters()
        changes, requests, failures = (
            now - before for now, before in zip(counters, self._flushed, strict=True)
        )
        self._flushed = counters
        lag = {"LagMs": shown["lag_ms"]} if "lag_ms" in shown else {}
        lost, self._lost = ({"TransactionsLost": self._lost} if self._lost else {}), 0
        return {
            **lag,
            **lost,
            "ChangesPublished": changes,
            "RequestsPublished": requests,
            "MessagesFailed": failures,
        }

    def _count_lost(self, checkpoint: Checkpoint | None) -> None:
        lost = checkpoint and checkpoint.lost
        if lost and lost.at_ms != self._lost_at:
            self._lost_at = lost.at_ms
            self._lost += max(1, lost.transactions)
