"""The groups that a replay has sent to fit into one item, however many tables it has."""

import msgspec

from shared.flows.replay.groups_sent import groups_of, with_groups
from shared.values.archive_pages import Choice, TableName
from shared.values.message_group import group_id
from shared.values.replay_work import ReplayWork

MOST_BYTES = 400_000
"""Of an item. Source: DynamoDB developer guide, "Quotas", item size."""


def work_of(tables: int) -> ReplayWork:
    names = tuple(TableName("market", f"table{at}") for at in range(tables))
    return ReplayWork(Choice("shop", names, 0, 1), 500.0)


def sent(tables: int, shards: int) -> tuple[ReplayWork, dict[str, int]]:
    work, wanted = work_of(tables), dict[str, int]()
    for at, name in enumerate(work.choice.tables):
        work = msgspec.structs.replace(work, at=at)
        groups = [group_id("shop", name.database, name.table, each) for each in range(shards)]
        for some in (groups[::2], groups[1:5], groups[1::2]):
            work = with_groups(work, "shop", some)
        wanted |= dict.fromkeys(groups, at)
    return msgspec.convert(
        msgspec.to_builtins(work, str_keys=True), ReplayWork, strict=False
    ), wanted


def test_all_groups_are_kept() -> None:
    work, wanted = sent(tables=3, shards=64)
    assert groups_of(work, "shop") == wanted


def test_a_thousand_tables_fit_into_an_item() -> None:
    work, wanted = sent(tables=1000, shards=64)
    assert len(msgspec.json.encode(work)) < MOST_BYTES / 4
    assert groups_of(work, "shop") == wanted


def test_groups_of_another_form_are_kept_by_their_names() -> None:
    """So are those of a job that an earlier version has begun."""
    work = msgspec.structs.replace(work_of(2), groups={"old-1": 0}, at=1)
    work = with_groups(work, "shop", ["g", "other-3", group_id("shop", "market", "table1", 1023)])
    last = group_id("shop", "market", "table1", 1023)
    assert groups_of(work, "shop") == {"old-1": 0, "g": 1, "other-3": 1, last: 1}
