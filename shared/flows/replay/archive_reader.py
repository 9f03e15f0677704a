"""Archive reader: asks the archive's function, which alone has the packages that read the table."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from shared.values.archive_pages import ArchivePage, Base, PartPlan, PartRequest, Reach, unpacked
from shared.values.errors import StackError

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Gives the archive's function an event; returns its answer."""


class ArchiveReader:
    """Reads the archive through its function.

    Methods raise StackError, StateUnavailable, FunctionFailed.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def reach(self, source: str, streams: Sequence[str]) -> Reach:
        """How far the archive has a source. streams: those that the source has now."""
        event = {"do": "reach", "source": source, "streams": list(streams)}
        return msgspec.convert(self._ask(event), Reach)

    def bases(self, source: str, tables: Sequence[str]) -> dict[str, Base]:
        """The latest snapshot of each table, where there is one."""
        event = {"do": "bases", "source": source, "tables": list(tables)}
        return msgspec.convert(self._ask(event), dict[str, Base])

    def parts(self, request: PartRequest) -> PartPlan:
        """How the changes of a request are read."""
        event = {"do": "parts", "request": msgspec.to_builtins(request)}
        return msgspec.convert(self._ask(event), PartPlan)

    def page(self, request: PartRequest) -> ArchivePage:
        """The first changes of a request."""
        try:
            return unpacked(self._ask(page_event(request))["page"])
        except (ValueError, KeyError) as error:
            raise StackError(
                f"sent a page that cannot be read ({error}).",
                thing="the archive's function",
                hint="Deploy again with this version: function and caller must be of one.",
            ) from None


def page_event(request: PartRequest) -> dict[str, Any]:
    """What the archive's function is asked for a page."""
    return {"do": "page", "request": msgspec.to_builtins(request)}
