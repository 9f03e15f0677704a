"""The main job on a deployed stack (long: one deployment): row changes arrive in Elasticsearch,
whatever is killed or stopped.

One file, because one worker must run all of it: the tests share the stack and disturb it.
"""

import functools
import json
import random
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from local.demo.workload import Workload
from tests.integration.stack.conftest import CONSUMER, DeployedStack
from tests.metric import highest
from tests.tier import ONLY_SOAK, SEED, TIER
from tests.unit.test_docs import command_lines
from tests.waiting import wait_for


def test_fifo_from_end_to_end(stack: DeployedStack) -> None:
    deployed = stack.open()
    topic = deployed.client("sns").get_topic_attributes(TopicArn=deployed.resources.topic_arn)[
        "Attributes"
    ]
    assert topic["FifoTopic"] == "true"
    assert topic["FifoThroughputScope"] == "MessageGroup"
    resources = deployed.client("cloudformation").get_template(StackName="rowline-local")[
        "TemplateBody"
    ]["Resources"]
    assert [
        each["Properties"]["FifoTopic"]
        for each in resources.values()
        if each["Type"] == "AWS::SNS::Topic"
    ] == [True]
    queue = deployed.client("sqs").get_queue_attributes(
        QueueUrl=deployed.resources.queue_url("listingSearch"), AttributeNames=["All"]
    )["Attributes"]
    assert queue["FifoQueue"] == "true"


@pytest.mark.soak
def test_workload_arrives_whole_and_in_order(stack: DeployedStack) -> None:
    changes = Workload(stack.connect, changes=TIER.workload, number=1 + SEED).start().join()
    assert changes >= TIER.workload
    stack.verified()


def test_single_changes_arrive_soon(stack: DeployedStack) -> None:
    search = stack.search()
    seconds = []
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM market.sellers ORDER BY id LIMIT 20")
        for (key,) in cursor.fetchall():
            name = f"seller {key} at {time.time()}"
            cursor.execute("UPDATE market.sellers SET name = %s WHERE id = %s", (name, key))
            began = time.monotonic()
            stack.wait(
                name,
                lambda key=key, name=name: (
                    (found := search.get("market-sellers", [str(key)]))
                    and found[str(key)].body["name"] == name
                ),
            )
            seconds.append(time.monotonic() - began)
    assert (
        len(seconds) == 20
    )  # arrival is what is tested; how fast is measured by the demo and the benchmark


@pytest.mark.soak
@ONLY_SOAK
def test_kill_9_of_the_relay_under_load_loses_nothing(stack: DeployedStack) -> None:
    dice = random.Random(5 + SEED)
    with stack.writing(number=2 + SEED, per_second=150):
        for _ in range(TIER.stack_kills):
            relay = stack.project.start("rowline", "relay", "shop", "--stage", "local")
            time.sleep(2 + dice.random() * 5)
            relay.send_signal(signal.SIGKILL)
            relay.wait()
    stack.verified()


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_elasticsearch_away_under_load_closes_the_gate_and_parks_nothing(
    stack: DeployedStack,
) -> None:
    gates, state = stack.open().state.gates, stack.open().state
    with stack.writing(number=3 + SEED, per_second=TIER.changes_per_second):
        for _ in range(TIER.outages):
            time.sleep(2)
            stack.servers.server("elasticsearch").stop()
            try:
                ends = time.monotonic() + TIER.outage_seconds
                stack.wait("a closed gate", lambda: not gates.read(CONSUMER).is_open, 60)
                assert gates.read(CONSUMER).cause == "outage"
                said = stack.rowline("status", check=False)
                assert (said.returncode, "gate listingSearch" in said.stdout) == (1, True), said
                watch(stack)
                wait_for(lambda: _gate_closed_figure(stack) == 1.0, 60)
                time.sleep(max(0.0, ends - time.monotonic()))
            finally:  # later tests need it
                stack.servers.server("elasticsearch").start()
            if TIER.name != "soak":  # there the watch probes when its time has come
                gates.write(CONSUMER, replace(gates.read(CONSUMER), next_ms=1))
            watch(stack)
            stack.wait("an open gate", lambda: gates.read(CONSUMER).is_open, 150)
            watch(stack)  # the mapping follows
    stack.verified()
    assert list(state.parked.all(CONSUMER)) == []
    assert state.dues.of_consumer(CONSUMER) == {}


def watch(stack: DeployedStack) -> None:
    """Its minute has come; in `make soak` it comes by itself."""
    if TIER.name != "soak":
        stage = stack.open()
        stage.functions.start(stage.resources.outputs["WatchFunction"], {})


def _gate_closed_figure(stack: DeployedStack) -> float:
    """The highest GateClosed that CloudWatch has of the last minutes."""
    named = {"service": "rowline-local", "consumer": CONSUMER}
    return highest(stack.open().client("cloudwatch"), "Rowline", "GateClosed", **named) or 0.0


def test_document_changed_behind_its_back_is_found_and_repaired(stack: DeployedStack) -> None:
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM market.listings ORDER BY id LIMIT 2")
        changed, removed = (str(row[0]) for row in cursor.fetchall())
    index = stack.servers.server("elasticsearch")
    index.request(
        "POST",
        f"/market-listings/_update/{changed}",
        {"doc": {"title": "not what the source says"}},
    )
    index.request("DELETE", f"/market-listings/_doc/{removed}")
    index.request(
        "PUT", "/market-listings/_doc/999999999", {"id": 999999999, "title": "no such row"}
    )
    found = stack.rowline("verify", CONSUMER, check=False)
    assert found.returncode == 1
    listed = {
        tuple(line.split()[:3]) for line in found.stdout.splitlines() if "market.listings" in line
    }
    table = "market.listings"
    assert listed == {
        ("different", table, f"{changed}:"),
        ("missing", table, removed),
        ("extra", table, "999999999"),
    }
    assert stack.rowline("verify", CONSUMER, "--repair", check=False).returncode == 0
    stack.verified()
    with (
        stack.connect() as connection,
        connection.cursor() as cursor,
    ):  # and the repaired row follows its source again
        cursor.execute("UPDATE market.listings SET title = 'repaired' WHERE id = %s", (changed,))
    search = stack.search()
    stack.wait(
        "the repaired row's next change",
        lambda: search.get("market-listings", [changed])[changed].body["title"] == "repaired",
    )


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_backfill_while_changes_go_on_resumes_after_interruption(stack: DeployedStack) -> None:
    stack.servers.server("elasticsearch").request("DELETE", "/market-listings-000001")
    stack.servers.server("elasticsearch").request("DELETE", "/market-photos-000001")
    with stack.writing(number=4, per_second=TIER.changes_per_second):
        for _ in range(TIER.backfill_kills):
            backfill = stack.project.start("rowline", "backfill", CONSUMER, "--here")
            time.sleep(2.5)
            backfill.send_signal(signal.SIGKILL)
            backfill.wait()
        stack.rowline("backfill", CONSUMER, "--here")
    stack.verified()


@pytest.mark.timeout(240)
def test_a_backfill_in_the_function_does_not_need_its_command(stack: DeployedStack) -> None:
    stack.servers.server("elasticsearch").request("DELETE", "/market-listings-000001")
    backfill = stack.project.start("rowline", "backfill", CONSUMER)
    jobs = stack.open().state.jobs
    stack.wait("the job", lambda: jobs.current(CONSUMER, "fill") is not None)
    job = jobs.current(CONSUMER, "fill")
    assert job
    assert job.in_function
    backfill.send_signal(signal.SIGKILL)
    backfill.wait()
    second = stack.rowline("resync", CONSUMER, "--tables", "market.listings", check=False)
    assert second.returncode == 1
    assert f"backfill {job.id}" in second.stderr
    shown = stack.rowline("jobs", "show", job.id, "--watch")
    assert "done" in shown.stdout
    stack.verified()


# The commands that the documentation shows are run, with the names of this stack in place of the
# pages' names. `local …` is run by tests/integration/local, `source reset` by
# tests/integration/relay_faults, `source move` by tests/integration/test_move.py: they would end
# this stack. The steps of a cutover depend on each other: test_cutover.py runs them.
ELSEWHERE = ("local", "source", "cutover")
OF_CUTOVER = ("--into", "--index")
# A backfill from the archive needs a snapshot of every table: test_replay.py takes one.
OF_OTHERS = (*OF_CUTOVER, "--from archive")
NAMES = {
    "--stage prod": "--stage local",
    "secret:rowline/prod/source": "secret:rowline/local/source",
    "shop.": "market.",
    "sellerSearch": "listingSearch",
    "add partner": "add latest",
    "bin.000007:4": "bin.000001:4",
    " NAME": " listingSearch",
}


def here(line: str) -> str:
    """The line with the names of this stack. What then says the same runs once."""
    for page, name in NAMES.items():
        line = line.replace(page, name)
    if not line.startswith("tail"):  # without it, that reads no stage but a source
        line = line.replace(" --stage local", "")
    return line


LINES = sorted(
    {
        here(line)
        for _, line in command_lines()
        if line.split()[0] not in ELSEWHERE and not any(each in line for each in OF_OTHERS)
    }
)


JOB = re.compile(r"\b20261127T\d{6}-3fa9c1\b")
CHANGE = re.compile(r"\b0-1-4711@\d+/0\.0\b")


class Known:
    """Ids of this stack in place of those of the pages, each looked for once."""

    def __init__(self, stack: DeployedStack) -> None:
        self._stack = stack

    @functools.cached_property
    def job(self) -> str:
        """The verification that other tests end with is one."""
        return str(self._asked("jobs", "list")[0]["id"])

    @functools.cached_property
    def snapshot(self) -> str:
        """A complete one; it is taken where there is none."""
        if not self._asked("snapshot", "list"):
            self._stack.rowline("snapshot", "create")
        return str(self._asked("snapshot", "list")[-1]["id"])

    @functools.cached_property
    def change(self) -> str:
        """The binlog still holds it."""
        words = ("tail", "--tables", "market.*", "--from", "earliest", "--until-now")
        return str(json.loads(self._stack.rowline(*words).stdout.partition("\n")[0])["id"])

    def _asked(self, *words: str) -> Any:
        return json.loads(self._stack.rowline(*words, "--json").stdout)


@pytest.fixture(scope="module")
def known(stack: DeployedStack) -> Known:
    return Known(stack)


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_docs_runs(
    stack: DeployedStack, known: Known, line: str, tmp_path: Path
) -> None:
    line = line.replace("mysql://rowline@db.example.com", '"$ROWLINE_SOURCE"')
    of_snapshot = line.startswith("snapshot")
    line = JOB.sub(lambda _: known.snapshot if of_snapshot else known.job, line)
    line = CHANGE.sub(lambda _: known.change, line)
    if line.startswith("tail") and "--until-now" not in line:
        line += " --until-now"
    folder = stack.project.folder
    if line.startswith("init"):  # a project that has no stanzas yet
        folder = tmp_path
        (folder / "serverless.yml").write_text("service: mine\n")
    if ">" in line or "$" in line or folder == tmp_path:
        command = f"{shlex.quote(stack.project.program('rowline'))} {line}"
        environment = {**stack.project.environment, "COLUMNS": "200"}
        done: Any = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    else:
        done = stack.rowline(*shlex.split(line), check=False, columns=200)
    assert "Traceback" not in done.stderr
    said = done.stdout[-2000:] + done.stderr[-2000:]
    if line.startswith(("jobs pause", "jobs resume", "jobs cancel")):
        assert "is over" in said  # the jobs of this stack are; a running one has tests of its own
        return
    if line.startswith("replay") and "is before the archive's oldest change" in said:
        return  # this stack is younger than the window of the page
    # status and doctor answer 1 where something wants attention; everything else must succeed.
    assert done.returncode in ((0, 1) if line.split()[0] in ("status", "doctor") else (0,)), said
    if "--from earliest" in line:
        assert (folder / "changes.jsonl").read_text().count("\n") > 100
