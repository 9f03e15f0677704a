"""Preflight: whether a source can be read as it is, what is in the way, and what to do about it.

`server` checks settings, `grants` the account's rights, `tables` what is captured: pure functions
of what the database says. `check_source` asks and runs all of them; the relay starts with
`require(check_source(…), begun=…)`, `rowline doctor` shows every finding.
"""

from shared.flows.preflight.finding import Finding, require
from shared.flows.preflight.source import check_source

__all__ = ["Finding", "check_source", "require"]
