"""Preflight: whether a source can be read as it is, what is in the way, and what to do about it.

`server` checks settings, `grants` the account's rights, `tables` what is captured: pure functions
of what the database says. `check_source` asks and runs all of them; the relay starts with
`require(check_source(…), begun=…)`, `rowline doctor` shows every finding.
"""

from shared.domain.preflight.inspection import check_source
from shared.values.finding import Finding, require

__all__ = ["Finding", "check_source", "require"]
