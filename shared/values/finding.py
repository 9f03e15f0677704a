"""Finding: one fact about health."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from shared.values.errors import RowlineError, SourceError

Level = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """One fact about health: which thing, how bad, what, and what to do.

    thing: what was looked at, such as `relay shop`, `table shop.listings` or `binlog_format`.
    level: `fail` keeps the thing from working, `warn` does not.
    what: what was found, as the predicate of a sentence about the thing.
    fix: what to do now; empty when all is well.
    blocks_start_only: describes tables or limits as they are now. A stream that has begun may be
        reading older changes, so this keeps a stream from starting, not from continuing.
    stanza: the key to correct, such as `consumers.search.elasticsearch.fields`, where the stanzas
        are wrong; empty where a server or something else is.
    table: the captured table that it is about; empty where it is about more than one.
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
