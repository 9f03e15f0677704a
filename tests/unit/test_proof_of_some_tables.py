"""A verify of some tables alone keeps what earlier ones say of the others."""

from typing import Any

import msgspec
import pytest

from shared.flows.verify.verify_report import VerifyReport, keep_proof
from shared.values.job import TableCheck
from shared.values.proof_basis import ProofBasis
from tests.worlds.twins.state.verify_reports import MemoryVerifyReports


def checked(table: str, rows: int, wrong: int, at_ms: int) -> VerifyReport:
    """The report of a comparison of one table alone."""
    check = TableCheck(rows=rows, documents=rows, different=wrong, remaining=wrong, at_ms=at_ms)
    basis = ProofBasis("stanza", {table: (f"index of {table}",)}, 100)
    return msgspec.convert(
        {
            **dict.fromkeys(("missing", "extra", "shared", "refused", "repaired"), 0),
            **{"reads": "", "writes": "", "listed": [], "behind": False, "epochs": []},
            **{"consumer": "search", "reasons": {}, "seconds": 1.0, "finished_ms": at_ms},
            **{"rows": rows, "documents": rows, "different": wrong, "differences": wrong},
            **{"tables": {table: rows}, "checks": {table: check}, "basis": basis},
        },
        VerifyReport,
        from_attributes=True,
    )


def test_a_comparison_of_one_table_leaves_the_result_of_another_one() -> None:
    reports = MemoryVerifyReports()
    for report in (checked("shop.a", 10, 3, 1_000), checked("shop.b", 20, 0, 5_000)):
        keep_proof(reports, report)
    kept = msgspec.convert(reports.read("search"), VerifyReport)
    assert (kept.rows, kept.different, kept.differences) == (30, 3, 3)
    assert kept.tables == {"shop.a": 10, "shop.b": 20}
    assert kept.basis.indexes.keys() == {"shop.a", "shop.b"}
    assert kept.finished_ms == 1_000  # a whole is as old as its oldest part

    keep_proof(reports, checked("shop.a", 11, 0, 9_000))
    kept = msgspec.convert(reports.read("search"), VerifyReport)
    assert (kept.rows, kept.differences, kept.finished_ms) == (31, 0, 5_000)


@pytest.mark.parametrize("changed", [{"consumer": "other"}, {"subscribed_ms": 200}])
def test_a_result_of_another_stanza_or_subscription_is_not_kept(changed: dict[str, Any]) -> None:
    reports = MemoryVerifyReports()
    keep_proof(reports, checked("shop.a", 10, 3, 1_000))
    later = checked("shop.b", 20, 0, 5_000)
    basis = msgspec.structs.replace(later.basis, **changed)
    keep_proof(reports, msgspec.structs.replace(later, basis=basis))
    kept = msgspec.convert(reports.read("search"), VerifyReport)
    assert (kept.tables, kept.differences) == ({"shop.b": 20}, 0)
