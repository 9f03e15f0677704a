"""Finding: one fact about health."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from shared.values.errors import RowlineError, SourceError

Level = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One fact about health: a thing, its level, a statement and a fix.

    thing: the thing that was checked, such as `relay shop`, `table shop.listings`, `binlog_format`.
    level: `fail` keeps the thing from working, `warn` does not.
    what: the predicate of a sentence about the thing.
    fix: the next step; empty if the level is `ok`.
    blocks_start_only: describes tables or limits as they are now. A stream that has begun may be
        reading older changes, so this keeps a stream from starting, not from continuing.
    stanza: the key to correct, such as `consumers.search.elasticsearch.fields`, if the stanzas are
        wrong; otherwise empty.
    table: the captured table of the finding; empty if it is about several.
    """

    thing: str
    level: Level
    what: str
    fix: str = ""
    blocks_start_only: bool = False
    stanza: str = ""
    table: str = ""

    @classmethod
    def of_error(cls, thing: str, error: RowlineError) -> "Finding":
        """An error that a check met, as a finding."""
        return cls(thing, "fail", f"{error.thing}: {error.what}".removeprefix(": "), error.hint)


def require(findings: Iterable[Finding], *, begun: bool = False) -> None:
    """Raise SourceError for the first finding that fails; it names how many more do.

    begun: the stream was read before under the same configuration.
    """
    failed = [
        finding
        for finding in findings
        if finding.level == "fail" and not (begun and finding.blocks_start_only)
    ]
    if failed:
        more = f" {len(failed) - 1} more: see `rowline doctor`." if len(failed) > 1 else ""
        raise SourceError(
            f"{failed[0].what}.", thing=failed[0].thing, hint=f"{failed[0].fix}{more}"
        )
