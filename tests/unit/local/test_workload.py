"""The demo's workload meets its own transactions."""

from typing import Any

import pytest
from pymysql.err import OperationalError

from local.demo.workload import insist


class Cursor:
    """Fails with these errors, one a try."""

    def __init__(self, *errors: int) -> None:
        self.errors, self.done = list(errors), list[str]()

    def execute(self, sql: str) -> Any:
        if self.errors:
            raise OperationalError(self.errors.pop(0), "no")
        self.done.append(sql)


def test_a_statement_that_meets_a_deadlock_is_run_again() -> None:
    cursor = Cursor(1213, 1205)
    insist(cursor, "UPDATE a")
    assert cursor.done == ["UPDATE a"]


def test_another_error_is_an_error() -> None:
    cursor = Cursor(1142)
    with pytest.raises(OperationalError):
        insist(cursor, "UPDATE a")
    assert cursor.done == []
