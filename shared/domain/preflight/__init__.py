"""Preflight: can a source be read as it is, what prevents that, and what is the fix?

`server_settings` checks settings, `grants` the rights of the account, `table_checks` the captured
tables. They are pure functions of facts that the database gives. `check_source` reads these facts
and runs all checks. The relay starts with `require(check_source(…), begun=…)`; `rowline doctor`
shows every finding.
"""

from shared.domain.preflight.inspection import check_source
from shared.domain.preflight.table_checks import refused_tables
from shared.values.finding import Finding, require

__all__ = ["Finding", "check_source", "refused_tables", "require"]
