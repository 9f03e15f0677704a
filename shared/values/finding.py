"""Finding: one thing that was looked at."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from shared.values.errors import SourceError


class Finding(msgspec.Struct, frozen=True):
    """`check` what was looked at, `value` what was found, `fix` what to do about it (empty when all
    is well). `fail` keeps the relay from working, `warn` does not.

    `passing`: tells of tables or limits as they are now, which a stream that has begun may be far
    behind of; it keeps a stream from beginning, not one from going on.
    """

    check: str
    level: Literal["ok", "warn", "fail"]
    value: str
    fix: str = ""
    passing: bool = False


def require(findings: Iterable[Finding], *, begun: bool = False) -> None:
    """Raises SourceError for the first that fails, naming how many more do. `begun`: the stream was
    read before under the same configuration.
    """
    failed = [
        finding
        for finding in findings
        if finding.level == "fail" and not (begun and finding.passing)
    ]
    if failed:
        more = f" {len(failed) - 1} more: see `rowline doctor`." if len(failed) > 1 else ""
        raise SourceError(
            f"{failed[0].value}.", thing=failed[0].check, hint=f"{failed[0].fix}{more}"
        )
