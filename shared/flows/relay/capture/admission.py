"""Admission: which tables of the stanza cannot be captured now. Each of them stops alone.

A table is examined before it is captured, and each time its settings change. While it is captured,
only its events stop it: the database may be far ahead of what is read.
"""

from collections.abc import Callable, Mapping

import msgspec

from shared.domain.capture_retry import capture_again_ms
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.shards_changed import displaced, last_placed
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import SourceError
from shared.values.finding import Finding
from shared.values.mask_key import mask_key_fingerprint
from shared.values.settings import TableSettings
from shared.values.stopped import Stopped

EXAMINE_SECONDS = 60.0
"""How often stopped tables are examined again."""

Preflight = Callable[[bool], Mapping[str, Finding]]
"""Examines a source, see `RelaySetup.preflight`."""


class Admission:
    """Examines the tables of one stream.

    hidden: examines the columns of these tables.
    now_ms: the time, Unix ms.
    """

    def __init__(
        self,
        preflight: Preflight,
        mask_key: Callable[[], bytes],
        hidden: Callable[[Mapping[str, TableSettings]], HiddenColumns],
        now_ms: Callable[[], int],
    ) -> None:
        self._preflight, self._mask_key, self._now_ms = preflight, mask_key, now_ms
        self._hidden = hidden
        self._refused: Mapping[str, Finding] = {}
        self._examined = False

    def begin(self, *, begun: bool) -> None:
        """Examine the source once, before anything is read.

        begun: the stream was read before under the present configuration.
        Raises SourceError when the source cannot be read at all, and outages.
        """
        if not self._examined:
            self._refused = self._preflight(begun)
            self._examined = True

    def examine(self) -> None:
        """Examine the source again. Raises outages."""
        try:
            self._refused = self._preflight(True)
        except SourceError:  # about the source as a whole: it is read nevertheless
            return

    def keyed(self, wanted: CaptureConfiguration) -> CaptureConfiguration:
        """`wanted`, with the key that its hashes are made with now."""
        key = mask_key_fingerprint(self._mask_key()) if wanted.hashes else ""
        return msgspec.structs.replace(wanted, mask_key=key)

    def stopped(self, point: Checkpoint | None, wanted: CaptureConfiguration) -> dict[str, Stopped]:
        """The tables of `wanted` that must not be captured now, for a stream that is at `point`."""
        now_ms, stopped = self._now_ms(), dict[str, Stopped]()
        captured = point.whole if point else CaptureConfiguration({})
        for name, settings in wanted.tables.items():
            as_before = captured.tables.get(name) == settings
            if as_before and name not in captured.stopped:
                continue
            before = point.stopped.get(name) if point and name in captured.stopped else None
            placed = last_placed(point, name)
            refusal = displaced(settings, placed, now_ms)
            if refusal is None and (finding := self._refusal(name, wanted.tables)):
                refusal = Stopped(finding.what, finding.fix, now_ms, placed=placed)
            if refusal:
                stopped[name] = before if before and before.what == refusal.what else refusal
            elif before and as_before and now_ms < capture_again_ms(before):
                stopped[name] = before
        return stopped

    def _refusal(self, name: str, tables: Mapping[str, TableSettings]) -> Finding | None:
        settings = tables[name]
        if "hash" in settings.mask.values() and not self._mask_key():
            return Finding(
                f"table {name}",
                "fail",
                "has columns with mask: hash, and the source's secret has no mask_key",
                "Put `mask_key`, a random text of 32 characters or more, into the secret.",
            )
        return self._refused.get(name) or self._hidden(tables).refusal(name, settings)
