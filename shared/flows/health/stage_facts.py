"""Stage facts: what a stage does now, before anybody judges it."""

from collections.abc import Collection
from typing import Any

import msgspec

from shared.adapters.observation.contract import ConsumerSigns
from shared.domain.parked_by_reason import ParkedReason
from shared.values.gate import Gate


class RelayFacts(msgspec.Struct, frozen=True):
    """A source and its relay.

    state: running, waiting (for its schedule), silent (it does not renew its lease), never or
        failed.
    figures: the relay's own, as of its last renewal.
    lost: what the last change of server lost, in words; empty when nothing was, or when it was
        read again more than a week ago.
    kept_s: how long the source keeps its binlogs; 0: for ever, or not known.
    stopped: tables that stopped alone, with what is in the way and what to do.
    """

    source: str
    state: str
    holder: str
    token: int
    position: str
    read_to: str
    epoch: int
    n: int
    server: str
    lag_s: float | None
    error: str
    figures: dict[str, Any]
    lost: str = ""
    kept_s: int = 0
    stopped: dict[str, tuple[str, str]] = {}

    @property
    def binlog_used_percent(self) -> float:
        """The share of the time that binlogs are kept by which the relay is behind.

        It grows also while no relay runs. Above 100 the place may be gone.
        """
        return 100 * self.lag_s / self.kept_s if self.kept_s and self.lag_s else 0.0


class ConsumerFacts(msgspec.Struct, frozen=True):
    """A consumer, its queues, and what was remembered of it.

    waiting, in_flight: messages in its queue.
    dlq: messages that SQS moved there, or that a former version set aside.
    parked: parked changes by reason.
    undelivered: messages that SNS could not deliver.
    job, job_kind: id of the job that fills it or reads for it now, and its kind, or empty.
    due: tables whose rows may have changed without the consumer, with the reason.
    verified: the report of the last verify. expired: why it proves nothing any more, or empty.
    gate: whether it may work.
    signs: what CloudWatch and SNS say of it.
    """

    consumer: str
    waiting: int
    in_flight: int
    dlq: int
    undelivered: int
    job: str
    due: dict[str, str]
    verified: dict[str, Any] | None
    signs: ConsumerSigns = ConsumerSigns()
    parked: tuple[ParkedReason, ...] = ()
    gate: Gate = Gate()
    expired: str = ""
    job_kind: str = ""

    @property
    def state(self) -> str:
        """One word for the table that `rowline status` prints."""
        if self.gate.off_ms:
            return "off"
        if not self.gate.is_open:
            return "paused" if self.gate.paused else "closed"
        if self.parked:
            return "parked"
        return "dlq" if self.dlq else self.job_kind or "ok"

    @property
    def changes_parked(self) -> int:
        """How many changes are parked."""
        return sum(group.count for group in self.parked)

    def without_due(self, tables: Collection[str]) -> "ConsumerFacts":
        """The same without what is due of these tables: they cannot be resynced now."""
        due = {table: why for table, why in self.due.items() if table not in tables}
        return msgspec.structs.replace(self, due=due)

    @property
    def due_command(self) -> str:
        """The command that brings the consumer the tables that are due."""
        return f"rowline resync {self.consumer}"
