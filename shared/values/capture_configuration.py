"""Capture configuration: the tables that a stream numbers, as text kept in its checkpoint."""

from collections.abc import Iterable
from typing import Any

import msgspec

from shared.values.settings import TableSettings

ID_SCHEME = 2
"""Grows when the ids or the numbering of the same events change: then a new epoch begins."""


class CaptureConfiguration(msgspec.Struct, frozen=True):
    """The captured tables and how each is captured.

    `linger` and similar options are not part of it, because they change no number.

    tables: the tables that the stream holds, and how they are captured.
    ids: the scheme of the ids.
    mask_key: fingerprint of the key of mask `hash`; empty where nothing is hashed.
    stopped: tables of these that cannot be captured now, sorted; the stream does not read them.
    """

    tables: dict[str, TableSettings]
    ids: int = ID_SCHEME
    stopped: tuple[str, ...] = ()
    mask_key: str = ""

    @property
    def read(self) -> dict[str, TableSettings]:
        """The tables that are read, and how they are captured."""
        if not self.stopped:
            return self.tables
        return {name: table for name, table in self.tables.items() if name not in self.stopped}

    @property
    def hashes(self) -> bool:
        """Whether a column of a table is masked by hash."""
        return any("hash" in table.mask.values() for table in self.tables.values())

    def only(self, names: Iterable[str]) -> "CaptureConfiguration":
        """The same for these of its tables alone."""
        kept = set(names)
        return msgspec.structs.replace(
            self,
            tables={name: table for name, table in self.tables.items() if name in kept},
            stopped=tuple(name for name in self.stopped if name in kept),
        )

    def stopping(self, names: Iterable[str]) -> "CaptureConfiguration":
        """The same, with exactly these of its tables stopped."""
        stopped = tuple(sorted(set(names) & self.tables.keys()))
        return msgspec.structs.replace(self, stopped=stopped)

    def renewed(self) -> "CaptureConfiguration":
        """The same, under the newest scheme of ids."""
        return msgspec.structs.replace(self, ids=ID_SCHEME)

    def text(self) -> str:
        """Canonical: the same configuration is the same text."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        if not self.stopped:
            del plain["stopped"]  # a former version reads it, and compares the text
        if not self.mask_key:
            del plain["mask_key"]
        return msgspec.json.encode(plain, order="deterministic").decode()


def read_configuration(text: str) -> CaptureConfiguration:
    """Read the output of `text()`, of this version or an earlier one."""
    plain: dict[str, Any] = msgspec.json.decode(text)
    return msgspec.convert(plain, CaptureConfiguration)
