"""Verify report: what a verify found."""

from collections.abc import Mapping
from typing import Any

import msgspec

from shared.adapters.state.verify_reports import VerifyReports
from shared.domain.verify_validity import basis_in, still_counts
from shared.values.difference import Difference
from shared.values.job import TableCheck, sum_of
from shared.values.proof_basis import ProofBasis


class VerifyReport(msgspec.Struct, frozen=True):
    """What was found.

    reads, writes: the server and the sink that were compared, and where their addresses came from.
    missing, extra, different: documents. shared: ids that several rows have.
    refused: rows that cannot be documents.
    repaired: of these were repaired; `differences` remain. listed: the first of them.
    behind: relay or consumer had not caught up, so differences may be changes under way.
    epochs: were asked for. reasons: why documents were refused.
    seconds: since the job was begun.
    basis: what was compared with; when that changes, the result has expired.
    checks: the same figures for each table.
    """

    consumer: str
    reads: str
    writes: str
    tables: dict[str, int]
    rows: int
    documents: int
    missing: int
    extra: int
    different: int
    shared: int
    refused: int
    repaired: int
    differences: int
    listed: list[Difference]
    behind: bool
    epochs: list[int]
    reasons: dict[str, int]
    seconds: float
    finished_ms: int
    basis: ProofBasis = ProofBasis()
    checks: dict[str, TableCheck] = {}


def figures(checks: dict[str, TableCheck]) -> dict[str, Any]:
    """The fields of a report that follow from the figures of its tables."""
    total = sum_of(checks.values())
    return {
        "checks": checks,
        "tables": {table: check.rows for table, check in checks.items()},
        "rows": total.rows,
        "documents": total.documents,
        "missing": total.missing,
        "extra": total.extra,
        "different": total.different,
        "shared": total.shared,
        "refused": total.refused,
        "repaired": total.found - total.remaining,
        "differences": total.remaining,
        "behind": total.behind,
    }


def keep_proof(reports: VerifyReports, report: VerifyReport) -> None:
    """Keep a report as the proof of its consumer, without the single differences."""
    whole = with_other_tables(report, reports.read(report.consumer))
    reports.save(report.consumer, {**msgspec.to_builtins(whole), "listed": []})


def with_other_tables(report: VerifyReport, former: Mapping[str, Any] | None) -> VerifyReport:
    """The report of some tables with what a former one says of the others, if that still counts.

    A comparison of one table must not hide that another one differs, or was never compared. The
    whole is as old as its oldest table.
    """
    checks = msgspec.convert((former or {}).get("checks") or {}, dict[str, TableCheck])
    others = {table: check for table, check in checks.items() if table not in report.checks}
    held = basis_in(former)
    if not others or not still_counts(held, report.basis):
        return report
    basis = report.basis
    return msgspec.structs.replace(
        report,
        finished_ms=min([report.finished_ms, *[check.at_ms for check in others.values()]]),
        basis=msgspec.structs.replace(
            basis,
            indexes={
                **{table: ids for table, ids in held.indexes.items() if table in others},
                **basis.indexes,
            },
            subscribed_ms=basis.subscribed_ms or held.subscribed_ms,
        ),
        **figures({**others, **report.checks}),
    )
