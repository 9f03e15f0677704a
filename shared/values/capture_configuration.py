"""Capture configuration: the tables that a stream numbers, as text kept in its checkpoint."""

from typing import Any

import msgspec

from shared.values.settings import TableSettings

ID_SCHEME = 2
"""Grows when the ids or the numbering of the same events change: then a new epoch begins."""


class CaptureConfiguration(msgspec.Struct, frozen=True):
    """The captured tables and how each is captured.

    `linger` and similar options are not part of it, because they change no number.
    """

    tables: dict[str, TableSettings]
    ids: int = ID_SCHEME

    def text(self) -> str:
        """Canonical: the same configuration is the same text."""
        return msgspec.json.encode(self, order="deterministic").decode()


def read_configuration(text: str) -> CaptureConfiguration:
    """Read the output of `text()`, of this version or an earlier one."""
    plain: dict[str, Any] = msgspec.json.decode(text)
    return msgspec.convert(plain, CaptureConfiguration)
