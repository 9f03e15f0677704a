"""What every sink of state must do, whatever it writes to."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Arrival, Listable, Outcome, Sink, Slice, Write
from shared.domain.table_plan import TablePlan
from shared.flows.consume import sinks
from shared.values.change import Change
from shared.values.errors import Outage
from shared.values.settings import TableSettings
from tests.contract.sinks import EXAMS, Exam
from tests.worlds.consumer_world import STREAM, TABLE, change, consumer_settings, message
from tests.worlds.twins.state import begin_fill


@pytest.fixture(params=EXAMS, ids=lambda each: each.__name__)
def exam(request: pytest.FixtureRequest, tmp_path: Path) -> Exam:
    made: Exam = request.param(tmp_path, request)
    return made


@pytest.fixture
def sink(exam: Exam) -> Sink:
    return exam.sink()


def slice_of(*changes: Change, table: str = "items", **options: Any) -> Slice:
    carrier = message(changes, "g", table=table)
    return Slice([Arrival(carrier, "live", each, 100) for each in changes], **options)


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [each.kind for each in outcomes]


def row(key: int, price: int) -> dict[str, Any]:
    return {"id": key, "price": price, "title": "x"}


def put(seq: int, key: int, price: int, op: Any = "u") -> Change:
    return change(seq, op, key, price=price, title="x")


def drop(seq: int, key: int) -> Change:
    return change(seq, "d", key, price=0, title="x")


def test_every_sink_of_the_folder_is_examined() -> None:
    # The archive keeps every change instead of a state: tests/unit/test_archive_sink.py.
    assert {each.kind for each in EXAMS} == set(sinks.kinds()) - {"archive"}


def test_it_says_whether_it_can_be_compared(exam: Exam, sink: Sink) -> None:
    of_kind = msgspec.structs.replace(consumer_settings(), sink={"kind": exam.kind})
    assert sinks.is_listable(of_kind) == isinstance(sink, Listable)


def test_nothing_is_nothing(exam: Exam, sink: Sink) -> None:
    assert sink.apply(Slice([])) == []
    assert exam.held() == {}


def test_it_ends_as_the_changes_say(exam: Exam, sink: Sink) -> None:
    outcomes = sink.apply(
        slice_of(put(1, 1, 1, "c"), put(2, 2, 2, "c"), put(3, 1, 3), drop(4, 2), put(5, 3, 5, "c"))
    )
    assert kinds(outcomes) == ["applied"] * 5
    assert exam.held() == {1: row(1, 3), 3: row(3, 5)}
    sink.apply(slice_of(put(6, 2, 6, "c"), drop(7, 3)))
    assert exam.held() == {1: row(1, 3), 2: row(2, 6)}


def test_a_new_process_goes_on_where_the_former_one_ended(exam: Exam) -> None:
    exam.sink().apply(slice_of(put(2, 1, 2, "c")))
    assert kinds(exam.sink().apply(slice_of(put(1, 1, 1, "c")))) == ["superseded"]
    assert exam.held() == {1: row(1, 2)}


def test_the_same_again_changes_nothing(exam: Exam, sink: Sink) -> None:
    changes = slice_of(put(1, 1, 1, "c"), put(2, 1, 2), put(3, 2, 3, "c"), drop(4, 2))
    for _ in range(3):
        assert set(kinds(sink.apply(changes))) <= {"applied", "superseded"}
        assert exam.held() == {1: row(1, 2)}


def test_an_older_change_never_wins(exam: Exam, sink: Sink) -> None:
    sink.apply(slice_of(put(5, 1, 5, "c"), put(6, 2, 6, "c")))
    outcomes = sink.apply(slice_of(put(3, 1, 3), drop(4, 2), put(4, 3, 4, "c")))
    assert kinds(outcomes) == ["superseded", "superseded", "applied"]
    assert exam.held() == {1: row(1, 5), 2: row(2, 6), 3: row(3, 4)}


def test_a_deleted_row_stays_deleted(exam: Exam, sink: Sink) -> None:
    sink.apply(slice_of(put(1, 1, 1, "c")))
    sink.apply(slice_of(drop(5, 1), drop(6, 2)))
    assert kinds(sink.apply(slice_of(put(4, 1, 4), put(4, 2, 4)))) == ["superseded"] * 2
    assert exam.held() == {}
    sink.apply(slice_of(put(7, 1, 7, "c")))
    assert exam.held() == {1: row(1, 7)}


def test_order_within_a_slice_counts_only_by_seq(exam: Exam, sink: Sink) -> None:
    sink.apply(slice_of(put(3, 1, 3), put(1, 1, 1, "c"), put(2, 1, 2)))
    assert exam.held() == {1: row(1, 3)}


def test_a_key_change_moves_the_row(exam: Exam, sink: Sink) -> None:
    sink.apply(slice_of(put(1, 1, 1, "c")))
    assert kinds(sink.apply(slice_of(drop(2, 1), put(3, 9, 1, "c")))) == ["applied"] * 2
    assert exam.held() == {9: row(9, 1)}


def test_a_truncation_deletes_what_is_older_and_nothing_newer(exam: Exam, sink: Sink) -> None:
    sink.apply(slice_of(put(1, 1, 1, "c"), put(2, 2, 2, "c"), put(9, 3, 9, "c")))
    outcomes = sink.apply(slice_of(put(3, 4, 3, "c"), change(4, "t", 0), put(5, 2, 5, "c")))
    assert kinds(outcomes) == ["applied"] * 3
    assert exam.held() == {2: row(2, 5), 3: row(3, 9)}


def test_tables_do_not_mix(exam: Exam, sink: Sink) -> None:
    other = msgspec.structs.replace(TABLE, name="photos")
    exam.state.schemas.version_of(STREAM, other)
    sink.apply(slice_of(put(1, 1, 1, "c")))
    sink.apply(slice_of(put(2, 1, 2, "c"), table="photos"))
    sink.apply(slice_of(change(3, "t", 0)))
    assert (exam.held(), exam.held("photos")) == ({}, {1: row(1, 2)})


def test_a_refused_row_harms_no_other(exam: Exam, sink: Sink) -> None:
    if exam.refused is None:
        pytest.skip("this sink refuses no row")
    bad = change(2, "c", 2, **{"price": 2, "title": "x", **exam.refused})
    outcomes = sink.apply(slice_of(put(1, 1, 1, "c"), bad, put(3, 3, 3, "c")))
    assert kinds(outcomes) == ["applied", "refused", "applied"]
    assert outcomes[1].reason
    assert exam.held() == {1: row(1, 1), 3: row(3, 3)}
    assert kinds(sink.apply(slice_of(put(4, 2, 4)))) == ["applied"]


def test_a_row_that_fails_for_the_moment_is_applied_later(exam: Exam, sink: Sink) -> None:
    sink.apply(slice_of(put(1, 1, 1, "c"), put(2, 2, 2, "c")))
    partly = exam.failing(2)
    if partly is None:
        pytest.skip("a write to this sink fails as a whole")
    changes = slice_of(put(3, 1, 3), put(4, 2, 4), put(5, 3, 5, "c"))
    with partly:
        outcomes = sink.apply(changes)
        assert kinds(outcomes) == ["applied", "failed", "applied"]
        assert outcomes[1].reason
        assert exam.held() == {1: row(1, 3), 2: row(2, 2), 3: row(3, 5)}
    assert set(kinds(sink.apply(changes))) <= {"applied", "superseded"}
    assert exam.held() == {1: row(1, 3), 2: row(2, 4), 3: row(3, 5)}


def test_an_outage_fails_everything_and_loses_nothing(exam: Exam) -> None:
    changes = slice_of(put(1, 1, 1, "c"), put(2, 2, 2, "c"))
    with exam.outage():
        sink = exam.sink()
        outcomes = sink.apply(changes)
        assert kinds(outcomes) == ["failed", "failed"]
        assert all(each.reason for each in outcomes)
        if exam.probes:
            with pytest.raises(Outage):
                sink.probe()
    sink = exam.sink()
    sink.probe()
    assert kinds(sink.apply(changes)) == ["applied", "applied"]
    assert exam.held() == {1: row(1, 1), 2: row(2, 2)}


def test_when_time_is_over_the_rest_fails(exam: Exam, sink: Sink) -> None:
    changes = [put(1, 1, 1, "c"), put(2, 2, 2, "c")]
    outcomes = sink.apply(slice_of(*changes, may_go_on=lambda: False))
    assert kinds(outcomes) == ["failed", "failed"]
    assert exam.held() == {}
    assert kinds(sink.apply(slice_of(*changes))) == ["applied", "applied"]


def test_many_changes_at_once(exam: Exam, sink: Sink) -> None:
    changes = [put(n + 1, n % 700, n, "c" if n < 700 else "u") for n in range(2100)]
    assert Counter(kinds(sink.apply(slice_of(*changes)))) == {"applied": 2100}
    assert exam.held() == {key: row(key, key + 1400) for key in range(700)}


def listable(sink: Sink) -> Listable:
    if not isinstance(sink, Listable):
        pytest.skip("this sink cannot list what it holds")
    return sink


CAPTURED = CapturedTable(TABLE, TablePlan(TABLE, TableSettings(), b""), 0, 0)


def test_documents_are_listed_read_and_written_by_version(exam: Exam, sink: Sink) -> None:
    documents = listable(sink).documents(CAPTURED)
    assert (list(documents.scan()), documents.get(["1"])) == ([], {})
    writes = [Write("1", 5, row(1, 5)), Write("2", 6, row(2, 6))]
    assert kinds(documents.write(writes)) == ["applied"] * 2
    sink.apply(slice_of(put(7, 3, 7, "c"), put(4, 1, 4)))
    assert {each.id: each.version for each in documents.scan()} == {"1": 5, "2": 6, "3": 7}
    outcomes = documents.write([Write("1", 4, row(1, 4)), Write("2", 8, None)])
    assert kinds(outcomes) == ["superseded", "applied"]
    held = documents.get(["1", "2", "3"])
    assert {id: (each.version, each.body) for id, each in held.items()} == {
        "1": (5, row(1, 5)),
        "3": (7, row(3, 7)),
    }


def test_the_expected_document_is_the_one_that_a_change_makes(sink: Sink) -> None:
    documents = listable(sink).documents(CAPTURED)
    sink.apply(slice_of(put(1, 1, 1, "c")))
    expected = documents.expected(row(1, 1))
    assert expected is not None
    assert documents.get([expected.id])[expected.id].body == expected.body
    assert documents.id_columns == ("id",)
    assert (expected.key, documents.key_of(expected.id)) == ([1], [1])


def test_recorded_deletions_are_made_again(exam: Exam, sink: Sink) -> None:
    able = listable(sink)
    sink.apply(slice_of(put(1, 1, 1, "c"), put(2, 2, 2, "c"), put(3, 3, 3, "c")))
    begin_fill(exam.state, "r1")
    sink.apply(slice_of(drop(5, 1), drop(6, 2), run="r1"))
    recorded = exam.state.deletions.read("search", "r1")
    able.documents(CAPTURED).write([Write("2", 9, row(2, 9))])
    able.delete_again(recorded, lambda _: None)
    assert exam.held() == {2: row(2, 9), 3: row(3, 3)}
    assert kinds(sink.apply(slice_of(put(4, 1, 4)))) == ["superseded"]
