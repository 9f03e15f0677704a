"""SQL statements in the binlog: what they mean for the tables they name.

Not a parser of SQL: a tokenizer, and the shapes of statements that a server writes to its binlog.
"""

from shared.adapters.binlog.statements.reading import read
from shared.adapters.binlog.statements.statement import Effect, Statement

__all__ = ["Effect", "Statement", "read"]
