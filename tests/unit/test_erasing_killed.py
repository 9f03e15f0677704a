"""An erasure that is killed at any call, while the archive and the relay work on."""

import random
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from shared.adapters.lake.changes_columns import ARROW
from shared.flows.archive.auditing import audit
from shared.flows.privacy.certifying import certificates
from shared.flows.privacy.erasing import requested
from shared.flows.privacy.privacy_requests import WORK
from shared.flows.privacy.unreferenced_files import GRACE_MS
from shared.flows.relay.failover.journal import JournalPage, Touched, encode_page
from shared.values.difference import Difference
from shared.values.erasure import Erasure
from shared.values.job import Job, VerifyWork
from shared.values.parked_change import ParkedChange
from shared.values.position import Position
from tests.tier import SEED
from tests.worlds.byte_scan import SoughtValues
from tests.worlds.killed import Killed
from tests.worlds.privacy_world import PrivacyWorld, built, subject

MAIL, NAME = "ada@example.com", "Ada-Lovelace-1815"
VALUES = SoughtValues(MAIL, NAME)
WORLDS, KILLS, CALLS = 12, 8, 300
"""Runs of a world that are killed, if they make so many calls as the dice say, at most the last."""


def page(world: PrivacyWorld, number: int, *keys: str) -> None:
    rows = [Touched(0, 0, [msgspec.Raw(msgspec.json.encode(key))]) for key in keys]
    noted = JournalPage(number, "s", Position(), [], [("market.people", ["mail"])], [("g", rows)])
    world.folders["claims"].put(f"shop/journal/{number:03}", encode_page(noted))


def fill(world: PrivacyWorld, dice: random.Random) -> None:
    """The person among others, everywhere; several files in the table."""
    people = [MAIL, *(f"{n}@others.example" for n in range(6))]
    for _ in range(dice.randint(2, 5)):
        for mail in dice.sample(people, 4):
            world.change("people", "u", {"mail": mail}, name=NAME if mail == MAIL else mail)
            world.change("orders", "c", {"id": world.n}, mail=mail)
        world.commit()
    world.change("people", "d", {"mail": MAIL}, name=NAME)
    for number in range(3):
        page(world, number, *dice.sample(people, 3), MAIL)
    jobs = world.state.jobs
    work = VerifyWork(("market.people",), listed=(Difference("market.people", MAIL, "extra"),))
    jobs.begin(Job("j1", "search", work))
    taken = jobs.take(Job("j1", "search", work), "somebody")
    assert taken
    jobs.end(taken)
    parked = ParkedChange(
        "tx-1", "people-0", "r", "market.people", f'{{"mail":"{MAIL}"}}', 5, "u", 1, "E", NAME,
        "why", 1, 1, "", 9_999_999_999,
    )  # fmt: skip
    world.state.parked.add("search", parked, NAME)
    world.folders["results"].put("q.csv", NAME.encode())
    world.commit()


def held(world: PrivacyWorld) -> list[str]:
    """Where the person is: every object, its former versions and every store, and the present state
    of the table.
    """
    found = [
        f"{folder}/{name}"
        for folder, each in world.folders.items()
        for name, (_, body) in each.objects.items()
        if VALUES.within(body)
    ]
    found += [
        f"{folder}/ a former version"
        for folder, each in world.folders.items()
        if any(map(VALUES.within, each.former))
    ]
    stores = {name: vars(each) for name, each in vars(world.state).items()}
    stores["lake"] = {"rows": [each.to_pylist() for each in world.lake.scan(["key", "after"])]}
    return found + [name for name, each in stores.items() if VALUES.within(repr(each).encode())]


def meanwhile(world: PrivacyWorld, dice: random.Random) -> None:
    """The archive's and the relay's own work, between two runs."""
    if dice.random() < 0.5:
        world.change("people", "u", {"mail": "0@others.example"}, name="later")
        world.commit()
    if dice.random() < 0.5:
        page(world, dice.randrange(3), "0@others.example")
    files = world.lake.files()[:2]
    if dice.random() < 0.5 and files:  # a compaction
        whole = pa.Table.from_batches(list(world.lake.scan(ARROW.names, files=files)))
        world.lake.replace(files, iter([whole]))


@pytest.mark.parametrize("number", range(WORLDS))
def test_killed_at_any_call_it_continues_and_nothing_else_changes(number: int) -> None:
    dice = random.Random(SEED * 1_000_003 + number)
    world = PrivacyWorld()
    fill(world, dice)
    mine = {place for place, rows in world.rows().items() if MAIL in place[1] or MAIL in repr(rows)}
    others = {place: rows for place, rows in world.rows().items() if place not in mine}
    for table, key in sorted(mine):
        if table == "orders":
            world.change(table, "d", msgspec.json.decode(key), mail=MAIL)
    world.commit()
    assert {"lake", "jobs", "parked"} <= set(held(world))
    by_table = {
        table: [msgspec.json.decode(key) for one, key in sorted(mine) if one == table]
        for table in ("orders", "people")
    }
    subjects = tuple(subject(table, *keys) for table, keys in by_table.items())
    event: dict[str, Any] = {"erasure": built(Erasure("e1", "ann", 1, subjects))}
    runs, kills = 1, _run(world, dice, "privacy-erase", event)
    while not world.folders["erased"].objects or world.folders["erasing"].objects:
        world.now += GRACE_MS / 1000
        meanwhile(world, dice)
        name = "privacy-tend" if is_requested(world) else "privacy-erase"
        assert runs < KILLS + 5
        runs, kills = runs + 1, kills + _run(world, dice, name, event, runs < KILLS)
    assert requested(world.setup()) == []
    assert held(world) == [], f"after {kills} kills"
    (certificate,) = certificates(world.setup())
    counts = {table: f"{len(keys)} of {len(keys)}" for table, keys in by_table.items()}
    assert certificate.consumers == {
        f"search: market.{table}": f"{count} deletions are still on their way to it"
        for table, count in counts.items()
    }
    (found,) = audit(world.lake, world.state, ("shop",))
    assert found.complete
    rows = world.rows()
    assert not mine & rows.keys()
    for place, former in others.items():
        assert rows[place][: len(former)] == former


def is_requested(world: PrivacyWorld) -> bool:
    """Whether the request was stored; else the person who asked asks again."""
    return bool(world.folders["erasing"].objects or world.folders["erased"].objects)


def _run(
    world: PrivacyWorld, dice: random.Random, name: str, event: dict[str, Any], dies: bool = True
) -> int:
    """A run; how often it was killed."""
    left = iter(range(dice.randrange(CALLS)))
    world.dies = lambda: dies and next(left, None) is None
    try:
        WORK[name](world.setup(), event)
    except Killed:
        return 1
    finally:
        world.dies = lambda: False
    return 0


def test_it_waits_for_changes_that_the_archive_lacks() -> None:
    """One that comes late may be of the person; the ledger would not know it as removed."""
    world = PrivacyWorld()
    world.change("people", "c", {"mail": MAIL}, name=NAME)
    world.change("people", "u", {"mail": MAIL}, name=NAME)
    late = dict(list(world.folders["landing"].objects.items())[1:])
    for name in late:
        del world.folders["landing"].objects[name]
    world.change("people", "d", {"mail": MAIL}, name=NAME)
    world.commit()
    erasure = Erasure("e1", "ann", 1, (subject("people", {"mail": MAIL}),))
    event: dict[str, Any] = {"erasure": built(erasure)}
    assert "lacks changes of stream shop" in WORK["privacy-erase"](world.setup(), event)["waits"]
    world.folders["landing"].objects.update(late)
    assert WORK["privacy-tend"](world.setup(), {})["erasures"][0]["certificate"]
    assert held(world) == []


def test_a_certificate_names_what_nobody_can_look_into() -> None:
    world = PrivacyWorld()
    world.change("people", "d", {"mail": MAIL}, name=NAME)
    world.commit()
    for folder in ("rejected", "firehose-errors", "healing"):
        world.folders[folder].put("object", b"?")
    erasure = Erasure("e1", "ann", 1, (subject("people", {"mail": MAIL}),))
    done = WORK["privacy-erase"](world.setup(), {"erasure": built(erasure)})
    remains = "; ".join(done["certificate"]["remains"])
    for folder in ("rejected/", "firehose-errors/", "healing/"):
        assert f"1 object in {folder}" in remains
