"""What a consumer's function does with its messages, case by case (long: one runtime)."""

from typing import Any

import msgspec
import pytest

from shared.adapters.search.contract import Action, Result
from shared.flows.consume.sinks.elasticsearch.bulk_work import MAX_ACTIONS
from shared.flows.consume.sinks.elasticsearch.deletion_recorder import address
from shared.values.change import Change
from shared.values.compression import compressed
from shared.values.delivery import Delivery
from shared.values.due_cause import DueCause
from shared.values.errors import ConfigError, SearchError, SecretUnavailable, StateUnavailable
from shared.values.mark import Mark
from shared.values.message import decode
from shared.values.table import Column, Table
from tests.worlds.consumer_world import (
    ALIAS,
    STREAM,
    TABLE,
    ConsumerWorld,
    change,
    consumer_settings,
    delivery,
)
from tests.worlds.twins.state import begin_fill, end_fill

BAD = {"not": "a number"}


@pytest.fixture
def world() -> ConsumerWorld:
    return ConsumerWorld()


def test_rows_become_documents_and_deletes_delete(world: ConsumerWorld) -> None:
    done = world.handle(
        delivery([change(1, "c", 1, price=1), change(2, "c", 2, price=2)]),
        delivery([change(3, "u", 1, price=3), change(4, "d", 2, price=2)]),
    )
    assert world.documents() == {"1": {"id": 1, "price": 3}}
    assert (done.failed, done.applied, world.mark()) == ([], 4, (4, 4))
    assert done.newest_ts_ms == 1_700_000_000_004


def test_a_message_twice_is_applied_and_counted_once(world: ConsumerWorld) -> None:
    first = delivery([change(1, "c", 1, price=1)])
    world.handle(first)
    world.search.indexes[ALIAS].clear()
    done = world.handle(first)
    assert (done.failed, done.applied, done.duplicate, world.mark()) == ([], 0, 1, (1, 1))
    assert world.documents() == {}


def test_without_marks_every_delivery_is_applied_again(world: ConsumerWorld) -> None:
    world = ConsumerWorld(consumer_settings(marks=False))
    first = delivery([change(1, "c", 1, price=1)])
    assert [world.handle(first).applied for _ in range(2)] == [1, 1]
    assert world.mark() == (0, 0)


def test_a_dead_elasticsearch_loses_nothing_and_parks_nothing(world: ConsumerWorld) -> None:
    world.search.down = True
    batch = [
        delivery([change(1, "c", 1, price=1)], attempt=3),
        delivery([change(2, "c", 2, price=1)], "h"),
    ]
    done = world.handle(*batch)
    assert done.failed == [one.message_id for one in batch]
    assert (done.applied, world.mark(), world.parked()) == (0, (0, 0), [])
    assert set(world.queue.hidden) == {one.receipt_handle for one in batch}
    assert 2 <= world.queue.hidden[batch[0].receipt_handle] <= 4
    assert world.queue.hidden[batch[1].receipt_handle] == 1
    world.search.down = False
    assert world.handle(*batch).failed == []
    assert set(world.documents()) == {"1", "2"}


def test_a_failure_holds_up_its_group_from_there_on_and_no_other(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.search.bulk

    def overloaded(actions: list[Action]) -> list[Result]:
        rest = iter(real([action for action in actions if action.id != "2"]))
        return [
            Result("transient", "es_rejected_execution_exception: full")
            if action.id == "2"
            else next(rest)
            for action in actions
        ]

    monkeypatch.setattr(world.search, "bulk", overloaded)
    batch = [
        delivery([change(1, "c", 1, price=1)]),
        delivery(
            [change(2, "c", 3, price=1), change(3, "c", 2, price=1), change(4, "c", 4, price=1)]
        ),
        delivery([change(5, "c", 5, price=1)]),
        delivery([change(6, "c", 6, price=1)], "h"),
    ]
    done = world.handle(*batch)
    assert done.failed == [batch[1].message_id, batch[2].message_id]
    assert (world.mark("g"), world.mark("h")) == ((2, 2), (6, 1))
    assert (done.applied, done.duplicate) == (3, 0)
    assert done.reasons == {"es_rejected_execution_exception: full": 1}
    monkeypatch.undo()
    done = world.handle(*batch[1:3])
    assert (done.failed, done.applied, done.duplicate, world.mark("g")) == ([], 3, 1, (5, 5))


def test_a_refused_change_is_parked_alone(world: ConsumerWorld) -> None:
    done = world.handle(
        delivery(
            [change(1, "c", 1, price=1), change(2, "c", 2, price=BAD), change(3, "c", 3, price=3)]
        )
    )
    assert set(world.documents()) == {"1", "3"}
    assert (done.failed, done.parked, done.applied, world.mark()) == ([], 1, 2, (3, 3))
    assert done.reasons == {"document_parsing_exception": 1}
    (parked,) = world.parked()
    assert (parked.id, parked.group, parked.seq, parked.op) == ("tx/2", "g", 2, "c")
    assert (parked.table, parked.key) == ("shop.items", '{"id":2}')
    assert parked.error == "document_parsing_exception"
    assert world.payload(parked).changes == [change(2, "c", 2, price=BAD)]


def test_a_change_in_the_lane_redrive_is_applied_whatever_the_mark(world: ConsumerWorld) -> None:
    """As a former version left it in the DLQ, and somebody moved it back."""
    world.handle(delivery([change(1, "c", 1, price=1)]), delivery([change(2, "c", 2, price=1)]))
    again = delivery([change(1, "c", 3, price=7)], lane="redrive")
    assert world.handle(again).applied == 1
    assert world.documents()["3"] == {"id": 3, "price": 7}
    assert world.mark() == (2, 2)


def test_of_a_row_the_last_state_that_is_accepted_stands(world: ConsumerWorld) -> None:
    done = world.handle(
        delivery(
            [
                change(1, "c", 1, price=1),
                change(2, "u", 1, price=2),
                change(3, "u", 1, price=BAD),
                change(4, "u", 1, price=BAD),
            ]
        )
    )
    assert world.documents() == {"1": {"id": 1, "price": 2}}
    assert (done.applied, done.parked, world.mark()) == (2, 2, (4, 4))


@pytest.mark.parametrize("method", ["add", "put_rows", "flag"])
def test_a_change_that_cannot_be_parked_is_received_again(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def down(*_: object) -> None:
        raise StateUnavailable("DynamoDB did not answer.")

    monkeypatch.setattr(world.state.parked, method, down)
    batch = [delivery([change(1, "c", 1, price=1)]), delivery([change(2, "c", 2, price=BAD)])]
    done = world.handle(*batch)
    assert batch[1].message_id in done.failed
    monkeypatch.undo()
    assert world.handle(*[one for one in batch if one.message_id in done.failed]).failed == []
    assert world.mark() == (2, 2)
    assert [one.id for one in world.parked()] == ["tx/2"]


def test_a_body_that_is_no_message_blocks_nothing(world: ConsumerWorld) -> None:
    odd = Delivery("m", "r", "hello", "g", "dedup", 1, {"lane": "live"})
    done = world.handle(odd, delivery([change(1, "c", 1, price=1)]))
    assert (done.failed, done.parked, world.mark()) == ([], 1, (1, 1))
    (parked,) = world.parked()
    assert world.state.parked.body("search", parked) == "hello"
    assert (parked.table, parked.row) == ("", "")
    assert parked.message.startswith("message: is not a Rowline message")


def test_a_large_row_is_fetched_from_the_claim_store(world: ConsumerWorld) -> None:
    whole = change(1, "c", 1, price=1, title="x" * 300_000)
    claim = world.claims.put("one", msgspec.json.encode(whole))
    small = msgspec.structs.replace(whole, before=None, after=None, claim=claim)
    gone = msgspec.structs.replace(
        change(2, "c", 2), before=None, after=None, claim="s3://claims/claims/none"
    )
    done = world.handle(delivery([small, gone]))
    assert world.documents() == {"1": whole.after}
    assert (done.applied, done.parked, world.mark()) == (1, 1, (2, 2))
    assert world.payload(world.parked()[0]).changes[0].claim == "s3://claims/claims/none"


def test_large_rows_are_held_a_slice_at_a_time(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.flows.consume.applying.SLICE_BYTES", 10_000)
    sizes: list[int] = []
    real = world.search.bulk
    monkeypatch.setattr(
        world.search, "bulk", lambda actions: (sizes.append(len(actions)), real(actions))[1]
    )
    claimed = []
    for n in range(1, 10):
        whole = change(n, "c", n, title="x" * 4000)
        claimed.append(
            msgspec.structs.replace(
                whole, after=None, claim=world.claims.put(str(n), msgspec.json.encode(whole))
            )
        )
    assert world.handle(delivery(claimed)).applied == 9
    assert sizes == [3, 3, 3]


def test_when_time_is_over_the_rest_is_received_again(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [
        delivery([change(n, "c", n, price=n) for n in range(start, start + 500)])
        for start in range(1, 2001, 500)
    ]
    seconds = iter([60.0, 60.0, 12.0])
    done = world.handle(*many, time_left=lambda: next(seconds, 12.0))
    assert done.failed == [one.message_id for one in many[2:]]
    assert world.mark() == (MAX_ACTIONS, MAX_ACTIONS)
    assert len(world.documents()) == MAX_ACTIONS


def test_a_short_function_works_too(world: ConsumerWorld) -> None:
    seconds = iter([10.0, 9.0])
    assert (
        world.handle(
            delivery([change(1, "c", 1, price=1)]), time_left=lambda: next(seconds, 9.0)
        ).applied
        == 1
    )


def test_an_index_that_was_deleted_is_made_again(world: ConsumerWorld) -> None:
    world.handle(delivery([change(1, "c", 1, price=1)]))
    del world.search.indexes[ALIAS], world.search.definitions[ALIAS]
    assert world.handle(delivery([change(2, "c", 2, price=2)])).failed == []
    assert set(world.documents()) == {"2"}
    assert world.search.definitions[ALIAS]["settings"]["index.gc_deletes"] == "1h"


def test_a_column_that_comes_later_becomes_a_field(world: ConsumerWorld) -> None:
    world.handle(delivery([change(1, "c", 1, price=1)]))
    wider = Table(TABLE.database, TABLE.name, (*TABLE.columns, Column("stock", "int")), TABLE.key)
    assert world.state.schemas.version_of(STREAM, wider) == 2
    world.handle(delivery([change(2, "c", 2, price=1, stock=5)], schema_version=2))
    assert world.search.definitions[ALIAS]["mappings"]["properties"]["stock"] == {"type": "long"}


def test_the_users_own_definition_is_not_extended() -> None:
    world = ConsumerWorld(
        consumer_settings(index={"mappings": {"dynamic": "strict", "properties": {}}})
    )
    world.handle(delivery([change(1, "c", 1, price=1)], schema_version=2))
    assert world.search.definitions[ALIAS]["mappings"]["properties"] == {}


def test_a_table_whose_index_cannot_be_made_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = ConsumerWorld(consumer_settings(tables=("shop.*",)))
    real = world.search.ensure_index

    def broken(alias: str, definition: dict[str, object]) -> None:
        if alias == "shop-photos":
            raise SearchError("answered 400: mapper_parsing_exception.", thing="es:9200")
        real(alias, definition)

    world.state.schemas.version_of(STREAM, Table("shop", "photos", TABLE.columns, ("id",)))
    monkeypatch.setattr(world.search, "ensure_index", broken)
    bad, good = (
        delivery([change(1, "c", 1, price=1)], "p", table="photos"),
        delivery([change(2, "c", 2, price=1)]),
    )
    assert world.handle(bad, good).failed == [bad.message_id]
    assert set(world.documents()) == {"2"}


def test_truncate_deletes_what_is_older_and_nothing_newer(world: ConsumerWorld) -> None:
    world.handle(
        delivery([change(n, "c", n, price=n) for n in range(1, 2501)]),
        delivery([change(9000, "c", 9000, price=1)], "h"),
    )
    done = world.handle(
        delivery(
            [change(2501, "c", 3000, price=1), change(2502, "t", 0), change(2503, "c", 1, price=7)]
        )
    )
    assert done.failed == []
    assert world.documents() == {"1": {"id": 1, "price": 7}, "9000": {"id": 9000, "price": 1}}
    assert world.mark() == (2503, 2503)


def test_dropped_partitions_delete_nothing_and_make_the_table_due(world: ConsumerWorld) -> None:
    dropped = msgspec.structs.replace(change(2, "t", 0), key={"partitions": ["p1", "p2"]})
    message = delivery([change(1, "c", 1, price=1), dropped, change(3, "c", 2, price=2)])
    done = world.handle(message)
    assert (done.failed, done.applied, done.parked, world.mark()) == ([], 3, 0, (3, 3))
    assert set(world.documents()) == {"1", "2"}
    cause = DueCause(dropped.id, "partitions p1, p2 were dropped")
    assert world.state.dues.of_consumer("search") == {"shop.items": cause}
    begin_fill(world.state, "r1")
    world.handle(delivery([msgspec.structs.replace(dropped, seq=4, id="tx/4")]))
    assert world.state.deletions.read("search", "r1") == {}, (
        "a backfill under way keeps the rows of the other partitions"
    )


def test_an_updated_id_column_moves_the_document() -> None:
    world = ConsumerWorld(consumer_settings(id=("title",)))
    world.handle(delivery([change(1, "c", 1, title="a")]))
    moved = change(2, "u", 1, title="b")
    world.handle(delivery([msgspec.structs.replace(moved, before={"id": 1, "title": "a"})]))
    assert world.documents() == {"b": {"id": 1, "title": "b"}}
    assert world.mark() == (2, 2)


def test_a_null_id_is_parked() -> None:
    world = ConsumerWorld(consumer_settings(id=("title",)))
    done = world.handle(delivery([change(1, "c", 1, title=None), change(2, "c", 2, title="b")]))
    assert (done.applied, done.parked, set(world.documents())) == (1, 1, {"b"})
    assert "null in a column" in world.parked()[0].message


def test_while_a_backfill_runs_deletions_are_recorded_before_they_are_made(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_fill(world.state, "r1")
    recorded: list[dict[str, int]] = []
    real = world.search.bulk
    monkeypatch.setattr(
        world.search,
        "bulk",
        lambda actions: (
            recorded.append(world.state.deletions.read("search", "r1")),
            real(actions),
        )[1],
    )
    world.handle(delivery([change(5, "d", 1, price=1)]), delivery([change(6, "c", 2, price=1)]))
    assert recorded == [{address(ALIAS, "1"): 5}]


def test_backfilled_rows_do_not_bring_back_what_was_deleted_since(world: ConsumerWorld) -> None:
    begin_fill(world.state, "r1")
    world.handle(delivery([change(5, "d", 1, price=1), change(6, "c", 3, price=6)]))
    world.search.forget_deletions()
    done = world.handle(
        delivery([change(4, "r", n, price=n) for n in (1, 2, 3)], lane="backfill", run="r1")
    )
    assert world.documents() == {"2": {"id": 2, "price": 2}, "3": {"id": 3, "price": 6}}
    assert (done.applied, done.superseded, world.mark()) == (1, 2, (6, 2))
    assert world.done("r1") == 1


def test_backfilled_rows_do_not_bring_back_a_truncated_table(world: ConsumerWorld) -> None:
    begin_fill(world.state, "r1")
    world.handle(delivery([change(5, "t", 0)]))
    done = world.handle(delivery([change(4, "r", 1, price=1)], lane="backfill", run="r1"))
    assert (world.documents(), done.superseded) == ({}, 1)
    assert (
        world.handle(delivery([change(5, "r", 2, price=1)], lane="backfill", run="r1")).applied == 1
    )


def test_rows_do_not_come_back_when_their_run_ends_after_the_batch_began(
    world: ConsumerWorld,
) -> None:
    """The end of a run removes the records of its deletions."""
    begin_fill(world.state, "r1")
    world.handle(delivery([change(5, "d", 1, price=1)]))
    world.search.forget_deletions()
    real = world.state.deletions.read

    def ended_before(consumer: str, run: str, addresses: Any = None) -> dict[str, int]:
        end_fill(world.state)
        return real(consumer, run, addresses)

    world.state.deletions.read = ended_before  # type: ignore[method-assign]
    done = world.handle(delivery([change(4, "r", 1, price=1)], lane="backfill", run="r1"))
    assert (world.documents(), done.failed, done.superseded) == ({}, [], 1)


@pytest.mark.parametrize("under_way", ["", "r2"])
def test_rows_of_a_run_that_is_over_are_dropped(world: ConsumerWorld, under_way: str) -> None:
    if under_way:
        begin_fill(world.state, under_way)
    done = world.handle(delivery([change(4, "r", 1, price=1)], lane="backfill", run="r1"))
    assert (done.failed, done.superseded, world.documents()) == ([], 1, {})
    assert world.done("r2") == 0


def test_a_backfill_message_is_done_only_when_all_of_it_is(world: ConsumerWorld) -> None:
    begin_fill(world.state, "r1")
    world.search.down = True
    message = delivery([change(4, "r", 1, price=1)], lane="backfill", run="r1")
    assert world.handle(message).failed == [message.message_id]
    assert world.done("r1") == 0
    world.search.down = False
    for _ in range(2):
        world.handle(message)
    assert world.done("r1") == 1


def test_when_another_delivery_moved_the_mark_nothing_is_counted_twice(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = world.state.marks.advance

    def beaten(consumer: str, moves: dict[str, tuple[Mark, Mark]]) -> set[str]:
        monkeypatch.undo()
        assert not real(
            consumer, {group: (seen, Mark(2, 2)) for group, (seen, _) in moves.items()}
        )  # another process counted the first two meanwhile
        return real(consumer, moves)

    monkeypatch.setattr(world.state.marks, "advance", beaten)
    world.handle(delivery([change(n, "c", n, price=n) for n in (1, 2, 3)]))
    assert world.mark() == (3, 3)


def test_a_mark_that_cannot_be_moved_fails_the_group(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.state.marks, "advance", lambda _, moves: set(moves))
    message = delivery([change(1, "c", 1, price=1)])
    done = world.handle(message)
    assert (done.failed, done.applied) == ([message.message_id], 0)


def test_when_the_state_table_is_down_all_comes_again_soon(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: object) -> bool:
        raise ConnectionError("DynamoDB")

    monkeypatch.setattr(world.state.marks, "advance", down)
    message = delivery([change(1, "c", 1, price=1)])
    with pytest.raises(ConnectionError):
        world.handle(message)
    assert world.queue.hidden == {message.receipt_handle: 1}


def test_many_refused_changes_of_many_groups_are_parked_in_order(world: ConsumerWorld) -> None:
    batch = [
        delivery([change(n, "c", n, price=BAD) for n in range(start, start + 4)], f"g{start}")
        for start in range(1, 61, 5)
    ]
    fine = delivery([change(n, "c", n, price=1) for n in range(101, 161)], "fine")
    assert world.handle(*batch, fine).parked == 48
    for one in batch:
        ids = [parked.id for parked in world.state.parked.of_group("search", one.group)]
        assert ids == [change.id for change in decode(one.body).changes]


def test_a_consumer_that_would_mix_tables_does_not_start() -> None:
    with pytest.raises(ConfigError, match="several tables"):
        ConsumerWorld(consumer_settings(tables=("shop.*",), alias="all"))


def test_a_delivery_is_read_from_the_event() -> None:
    record = {
        "messageId": "059f36b4",
        "receiptHandle": "AQEB",
        "body": "{}",
        "attributes": {
            "ApproximateReceiveCount": "2",
            "SentTimestamp": "1545082650636",
            "MessageGroupId": "g-1",
            "MessageDeduplicationId": "d-1",
            "SequenceNumber": "18850000000000000000",
        },
        "messageAttributes": {"lane": {"stringValue": "live", "dataType": "String"}},
        "eventSource": "aws:sqs",
    }
    assert Delivery.of(record) == Delivery(
        "059f36b4", "AQEB", "{}", "g-1", "d-1", 2, {"lane": "live"}, 1545082650636
    )


def test_figures_for_metrics(world: ConsumerWorld) -> None:
    done = world.handle(delivery([change(1, "c", 1, price=1)]))
    assert done.figures(now_ms=1_700_000_000_501) == {
        "ChangesApplied": 1,
        "OldestFailedMs": 0,
        "LagMs": 500,
    }
    assert done.unusual() == {}
    again = world.handle(delivery([change(1, "c", 1, price=1)]))
    assert again.figures(now_ms=1_700_000_000_501)["LagMs"] == 500, "also when nothing was applied"
    rows = delivery([change(4, "r", 9, price=1)], lane="backfill", run="r1")
    assert "LagMs" not in world.handle(rows).figures(now_ms=1)


def test_a_batch_that_is_superseded_as_a_whole_is_no_success(world: ConsumerWorld) -> None:
    """A stream that began again below the versions that the sink holds."""
    ahead = [change((1 << 50) + key, "c", key, price=1) for key in range(30)]
    world.handle(delivery(ahead, "old"))
    done = world.handle(delivery([change(key + 1, "u", key, price=2) for key in range(30)]))
    assert (done.failed, done.applied, done.superseded) == ([], 0, 30)
    ((reason, count),) = done.unusual()["reasons"].items()
    assert "rowline verify" in reason
    assert count == 30
    few = world.handle(delivery([change(40, "u", 1, price=2), change(50, "c", 99, price=2)]))
    assert (few.superseded, few.unusual()) == (1, {})


def test_what_failed_shows_in_figures_and_log(world: ConsumerWorld) -> None:
    """SQS's own age leaves out messages that are received again and again."""
    world.search.down = True
    batch = [
        delivery([change(1, "c", 1, price=1), change(2, "c", 2, price=1)]),
        delivery([change(3, "c", 3, price=1)], "h"),
    ]
    done = world.handle(*batch)
    assert done.figures(now_ms=1_700_000_100_001) == {
        "ChangesApplied": 0,
        "ChangesFailed": 3,
        "MessagesFailed": 2,
        "OldestFailedMs": 100_000,
        "LagMs": 100_000,
    }
    (reason,) = done.reasons
    assert done.unusual() == {
        "level": "WARNING",
        "message": "batch",
        "reasons": {reason: 3},
        "changes": ["tx/1", "tx/2", "tx/3"],
    }


def test_a_change_without_its_row_is_parked(world: ConsumerWorld) -> None:
    broken: Change = msgspec.structs.replace(change(1, "c", 1), after=None)
    assert world.handle(delivery([broken])).parked == 1


def test_a_message_without_changes_is_done_once_its_group_is(world: ConsumerWorld) -> None:
    begin_fill(world.state, "r1")
    rows = delivery([change(4, "r", 1, price=1)], lane="backfill", run="r1")
    end = msgspec.structs.replace(
        delivery([], lane="backfill", run="r1"), deduplication_id="end", message_id="end"
    )
    world.search.down = True
    assert world.handle(rows, end).failed == [rows.message_id, "end"]
    assert world.done("r1") == 0
    world.search.down = False
    assert world.handle(rows, end).failed == []
    assert world.done("r1") == 2


def test_a_table_that_is_not_declared_is_left_alone(world: ConsumerWorld) -> None:
    message = delivery([change(1, "c", 1, price=1)])
    foreign = msgspec.structs.replace(
        message, body=message.body.replace('"table":"items"', '"table":"secrets"')
    )
    assert foreign.body != message.body
    done = world.handle(foreign)
    assert (done.failed, done.applied, done.parked) == ([], 0, 0)
    assert world.mark() == (0, 0)


def test_compressed_messages_count_with_what_is_in_them(
    world: ConsumerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent to Elasticsearch at once is bounded by the rows, however small they
    travelled.
    """
    monkeypatch.setattr("shared.flows.consume.sinks.elasticsearch.bulk_work.MAX_BYTES", 10_000)
    sizes: list[int] = []
    bulk = world.search.bulk

    def counted(actions: list[Action], *rest: Any, **options: Any) -> list[Result]:
        sizes.append(len(actions))
        return bulk(actions, *rest, **options)

    monkeypatch.setattr(world.search, "bulk", counted)
    plain = delivery([change(number, "c", number, note="x" * 3_000) for number in range(1, 7)])
    small = msgspec.structs.replace(plain, body=compressed(plain.body.encode()).decode())
    assert len(small.body) < 1_000
    assert world.handle(small).applied == 6
    assert sizes == [3, 3]
    assert len(world.documents()) == 6


def test_a_refused_change_of_a_compressed_message_is_parked_readable(world: ConsumerWorld) -> None:
    whole = delivery([msgspec.structs.replace(change(1, "c", 1), after=None)])
    assert (
        world.handle(
            msgspec.structs.replace(whole, body=compressed(whole.body.encode()).decode())
        ).parked
        == 1
    )
    body = world.state.parked.body("search", world.parked()[0])
    assert body is not None
    assert body.startswith("{")


@pytest.mark.parametrize("error", [ConfigError, SecretUnavailable])
def test_a_secret_that_cannot_be_read_again_is_an_outage_of_the_sink(error: Any) -> None:
    world = ConsumerWorld()

    def bulk(actions: Any) -> Any:
        raise error("cannot be used.", thing="the secret of Elasticsearch")

    world.search.bulk = bulk  # type: ignore[method-assign]
    done = world.handle(delivery([change(1, "u", 1)]))
    assert (len(done.failed), done.parked) == (1, 0)
    assert done.gate.suspect_ms
    assert done.reasons == {"the secret of Elasticsearch: cannot be used.": 1}
