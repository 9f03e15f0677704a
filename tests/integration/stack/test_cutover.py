"""A cutover on a deployed stack: changes keep coming, and readers never go back."""

import itertools
import json
import random
import threading
import time
from typing import Any

import pytest

from tests.integration.stack.conftest import CONSUMER, DeployedStack

ALIAS = "market-listings"
PER_SECOND = 40
WATCHED = 60
MOST_SECONDS = 10.0


class TitleWriter(threading.Thread):
    """Gives rows titles that grow, also from one run to the next."""

    def __init__(self, stack: DeployedStack, ids: list[int]) -> None:
        super().__init__(daemon=True)
        self._stack, self._ids, self.ended = stack, ids, threading.Event()
        self.written = 0

    def run(self) -> None:
        numbers, began = itertools.count(time.time_ns() // 1_000_000), time.monotonic()
        dice = random.Random(11)
        with self._stack.connect() as connection, connection.cursor() as cursor:
            connection.autocommit(False)
            while not self.ended.is_set():
                some = [
                    (f"{next(numbers):015d}", dice.choice(self._ids))
                    for _ in range(PER_SECOND // 2)
                ]
                cursor.executemany("UPDATE market.listings SET title = %s WHERE id = %s", some)
                connection.commit()
                self.written += len(some)
                self.ended.wait(max(0.0, self.written / PER_SECOND - (time.monotonic() - began)))


class AliasReader(threading.Thread):
    """Searches the alias for some rows, and gets them by id, again and again."""

    def __init__(self, stack: DeployedStack, ids: list[int]) -> None:
        super().__init__(daemon=True)
        self._server = stack.servers.server("elasticsearch")
        self._ids, self.ended, self.wrong = [str(id) for id in ids], threading.Event(), list[str]()
        self.reads = 0

    def run(self) -> None:
        last: dict[str, dict[str, str]] = {"search": {}, "get": {}}
        while not self.ended.is_set():
            for how, now in (("search", self._search()), ("get", self._get())):
                for id in self._ids:
                    if id not in now:
                        self.wrong.append(f"{how}: {id} is missing")
                    elif now[id] < last[how].get(id, ""):
                        self.wrong.append(f"{how}: {id} went from {last[how][id]} to {now[id]}")
                last[how] = now
                self.reads += 1
            self.ended.wait(0.05)  # asked without a pause, the server would do little else

    def _search(self) -> dict[str, str]:
        body = {"size": WATCHED, "query": {"ids": {"values": self._ids}}}
        hits = self._ask("_search", body)["hits"]["hits"]
        return {hit["_id"]: self._of(hit["_source"]) for hit in hits}

    def _get(self) -> dict[str, str]:
        docs = self._ask("_mget", {"ids": self._ids})["docs"]
        return {one["_id"]: self._of(one["_source"]) for one in docs if one.get("found")}

    def _ask(self, what: str, body: dict[str, Any]) -> Any:
        return self._server.request("POST", f"/{ALIAS}/{what}", body)

    def _of(self, source: dict[str, Any]) -> str:
        title = str(source["title"])
        return title if title.isdigit() and len(title) == 15 else ""


def cutover(stack: DeployedStack, *options: str) -> Any:
    done = stack.rowline("cutover", CONSUMER, "--json", *options)
    return json.loads(done.stdout)


@pytest.mark.timeout(420)
def test_readers_never_go_back_while_changes_keep_coming(stack: DeployedStack) -> None:
    # Every exchange waits for one time-out. A run that is repeated finds the line.
    short = "  listingSearch:\n    timeout: 10\n"
    if short not in (stack.project.folder / "serverless.yml").read_text():
        stack.project.edit("serverless.yml", "  listingSearch:\n", short)
    stack.project.run("sls", "deploy", "--stage", "local")
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM market.listings ORDER BY id LIMIT 60")
        ids = [row[0] for row in cursor.fetchall()]
    stack.verified()
    writer, reader = TitleWriter(stack, ids), AliasReader(stack, ids[:WATCHED])
    writer.start()
    reader.start()
    filled = json.loads(stack.rowline("backfill", CONSUMER, "--into", "new", "--json").stdout)
    new = filled["into"][ALIAS]
    assert cutover(stack)["aliases"][ALIAS] == new
    time.sleep(3)
    back = cutover(stack, "--rollback")
    assert back["aliases"][ALIAS] != new
    time.sleep(3)
    again = cutover(stack)
    writer.ended.set()
    writer.join()
    assert writer.written > 10 * PER_SECOND
    stack.verified()
    reader.ended.set()
    reader.join()
    assert reader.wrong == []
    assert reader.reads > 200
    for report in (back, again):
        assert report["paused"] < MOST_SECONDS
    print(f"{writer.written} changes, {reader.reads} reads, paused {again['paused']} s")
    former = stack.rowline(
        "verify",
        CONSUMER,
        "--tables",
        "market.listings",
        "--index",
        back["aliases"][ALIAS],
        check=False,
    )
    assert former.returncode == 0, former.stdout
    cutover(stack, "--finish")
    stack.verified()
