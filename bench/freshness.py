"""`python -m bench.freshness`: from a commit to the archive's table, while it is compacted.

On the deployed local stage, run from its project's folder. Changes come at a steady rate, and
Athena is asked again and again which of them it sees. Meanwhile the archive's function rewrites
small files of an old month, over and over; a reader counts their ids in Athena all the time.
"""

import argparse
import threading
import time
import uuid
from contextlib import closing
from statistics import median, quantiles
from typing import Any

import msgspec
import pymysql

from bench.changes import ListingChanges
from cli.deployed import open_stage
from local import local_stage
from shared.adapters.athena.contract import Athena
from shared.adapters.functions.contract import FunctionFailed
from shared.flows.archive.archive_answers import COMMIT_WAITS
from shared.stage import Stage
from shared.values import landing_encoding, source_endpoint
from shared.values.seq import split_seq

AGE_MS = 100 * 86_400_000
"""The changes that are rewritten were committed in a month that is long over."""

FILES, CHANGES = 8, 10_000
"""Files of one rewrite, and changes of each."""

SEEN = """
SELECT json_extract_scalar(after, '$.name') FROM changes
WHERE "table" = 'sellers' AND json_extract_scalar(after, '$.name') LIKE ?
"""
COUNTED = "SELECT count(*), count(DISTINCT id) FROM changes WHERE stream = ?"


def asked(athena: Athena, sql: str, parameter: str) -> list[tuple[str | None, ...]]:
    query = athena.start(sql, [parameter])
    while (state := athena.poll(query)).state == "running":
        time.sleep(0.05)
    assert state.state == "succeeded", state.reason
    rows, page = list[tuple[str | None, ...]](), ""
    while True:
        found = athena.results(query, page)
        rows += found.rows
        page = found.next
        if not page:
            return rows


class Rewrites(threading.Thread):
    """Brings small old files of a stream of its own, and has them rewritten, until it is ended.

    wrong: counts that were not the number of ids that were there. busy: seconds of rewrites.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self._old_ms = int(time.time() * 1000) - AGE_MS
        self.stream = f"bench-{uuid.uuid4().hex[:8]}"
        self.ended = threading.Event()
        self.busy, self.files, self.counts, self.wrong = 0.0, 0, 0, list[str]()
        self._stage, self._work, self._there = stage, ListingChanges(), 0

    def run(self) -> None:
        while not self.ended.is_set():
            for _ in range(FILES):
                self._file()
            self._rewrite()

    def _file(self) -> None:
        messages = []
        for one in self._work.messages(CHANGES):
            (change,) = one.changes
            change = msgspec.structs.replace(
                change,
                ts_ms=self._old_ms + split_seq(change.seq)[1],
                id=f"{self.stream}-{change.id}",
            )
            messages.append(msgspec.structs.replace(one, stream=self.stream, changes=[change]))
        self._stage.landing.put(f"{self._work.n:014d}-bench.zst", landing_encoding.encode(messages))
        while self._ask({"do": "commit", "wait_s": COMMIT_WAITS}).get("busy", True):
            pass
        self._there = self._work.n

    def _rewrite(self) -> None:
        done = threading.Event()

        def count() -> None:
            while not done.is_set():
                found = asked(self._stage.athena, COUNTED, self.stream)[0]
                self.counts += 1
                if found != (str(self._there), str(self._there)):
                    self.wrong.append(f"{found} of {self._there}")

        reader = threading.Thread(target=count)
        reader.start()
        start = time.monotonic()
        report = self._ask({"do": "maintain"})
        self.busy += time.monotonic() - start
        self.files += int(report.get("files", 0))
        done.set()
        reader.join()

    def _ask(self, event: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._stage.ask_archive(event)
        except FunctionFailed as error:
            self.wrong.append(str(error))
            return {}


def measured(seconds: float, rate: float) -> None:
    stage = open_stage("local")
    admin = source_endpoint.parse(local_stage.LocalStage.load(stage_name()).server("mariadb").url)
    run, sent, seen = uuid.uuid4().hex[:8], dict[str, float](), dict[str, float]()
    writing = threading.Event()

    def write() -> None:
        with closing(
            pymysql.connect(
                host=admin.host,
                port=admin.port,
                user=admin.user,
                password=admin.password,
                autocommit=True,
            )
        ) as connection:
            end = time.monotonic() + seconds
            with connection.cursor() as cursor:
                cursor.execute("SELECT id FROM market.sellers ORDER BY id LIMIT 500")
                ids = [row[0] for row in cursor.fetchall()]
                while time.monotonic() < end:
                    name = f"{run}-{len(sent)}"
                    cursor.execute(
                        "UPDATE market.sellers SET name = %s WHERE id = %s",
                        (name, ids[len(sent) % len(ids)]),
                    )
                    sent[name] = time.monotonic()
                    time.sleep(1 / rate)
        writing.set()

    rewrites, writer = Rewrites(stage), threading.Thread(target=write)
    rewrites.start()
    writer.start()
    while not writing.is_set() or len(seen) < len(sent):
        for (name,) in asked(stage.athena, SEEN, f"{run}-%"):
            seen.setdefault(str(name), time.monotonic())
        time.sleep(0.5)
    rewrites.ended.set()
    rewrites.join()
    late = [seen[name] - at for name, at in sent.items()]
    print(
        f"{len(late):,} changes: {median(late):.0f} s (p50), {quantiles(late, n=100)[-1]:.0f} s "
        f"(p99), {max(late):.0f} s at most; rewrites of {rewrites.files} files were under way for "
        f"{rewrites.busy:.0f} of {seconds:.0f} s; {rewrites.counts} counts meanwhile, "
        f"wrong: {rewrites.wrong or 'none'}"
    )


def stage_name() -> str:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--servers", default=local_stage.DEFAULT_NAME)
    return str(parser.parse_known_args()[0].servers)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.freshness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--rate", type=float, default=20.0, help="changes a second")
    parser.add_argument("--servers", default=local_stage.DEFAULT_NAME, help="the local stage")
    given = parser.parse_args()
    measured(given.seconds, given.rate)


if __name__ == "__main__":
    main()
