"""SQL statements in the binlog: what they mean for transactions and for the tables they name.

Not a parser of SQL: a tokenizer, and the shapes of statements that a server writes to its binlog.
"""

from shared.adapters.binlog.statements.dialect import UTF8, Dialect, dialect, utf8
from shared.adapters.binlog.statements.names import Names
from shared.adapters.binlog.statements.statement import Effect, Statement
from shared.adapters.binlog.statements.statement_meaning import read

__all__ = ["UTF8", "Dialect", "Effect", "Names", "Statement", "dialect", "read", "utf8"]
