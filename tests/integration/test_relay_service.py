"""The relay's container, as a plain process: it relays, tells that it lives, and ends well."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from shared.values import source_endpoint
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from tests.aws_setup import create_bucket
from tests.integration.relay_faults.conftest import stack as stack
from tests.integration.relay_faults.process import RelayPlace
from tests.integration.relay_faults.received import Received
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "handlers.relay_service"]


@pytest.fixture
def place(stack: Callable[..., RelayPlace], mariadb: Any, database: str) -> RelayPlace:
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE items (id INT PRIMARY KEY)")
    return stack(mariadb.reader_url, f"{database}.items")


@pytest.fixture
def environment(place: RelayPlace, aws: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """What the task definition gives to the container."""
    name, reader = f"service-{uuid.uuid4().hex[:8]}", source_endpoint.parse(place.url)
    secret = {
        "host": reader.host,
        "port": reader.port,
        "username": reader.user,
        "password": reader.password,
        "tls": "off",
    }
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    create_bucket(name)
    source = SourceSettings(
        "shop", name, {table: TableSettings() for table in place.tables}, run="fargate"
    )
    return {
        **os.environ,
        **aws,
        "PYTHONPATH": str(ROOT),
        "ROWLINE_SERVICE": "shop",
        "ROWLINE_STAGE": "test",
        "ROWLINE_STREAM": "shop",
        "ROWLINE_STATE_TABLE": place.table,
        "ROWLINE_TOPIC_ARN": place.topic,
        "ROWLINE_CLAIMS_BUCKET": name,
        "ROWLINE_SETTINGS": msgspec.json.encode(
            StageSettings("shop", "test", {"shop": source}, {})
        ).decode(),
        "ROWLINE_VERSION": "v1",
        "ROWLINE_HEARTBEAT": str(tmp_path / "heartbeat"),
    }


def healthy(environment: dict[str, str]) -> bool:
    return (
        subprocess.run([*COMMAND, "--healthy"], env=environment, check=False, timeout=60).returncode
        == 0
    )


def test_it_relays_until_it_is_told_to_stop(
    place: RelayPlace, environment: dict[str, str], mariadb: Any, database: str
) -> None:
    assert not healthy(environment), "nothing runs yet"
    with Received(place.queue) as received:
        service = subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: place.streams().load("shop")[1])
            with mariadb.connect(database) as connection, connection.cursor() as cursor:
                cursor.execute("INSERT INTO items VALUES (1)")
            wait_for(lambda: [change.key for change in received.changes()] == [{"id": 1}])
            assert healthy(environment)
            lease, _ = place.streams().load("shop")
            assert (lease.figures["run"], lease.figures["version"], lease.holder.split()[0]) == (
                "fargate",
                "v1",
                "container",
            )
            place.streams().ask("shop", wanted="person")  # `rowline relay` takes over
            wait_for(lambda: place.streams().load("shop")[0].holder == "")
            assert service.poll() is None, "it waits until it may go on"
            began = time.monotonic()
            service.send_signal(signal.SIGTERM)
            output, _ = service.communicate(timeout=60)
            assert (service.returncode, time.monotonic() - began < 40) == (0, True)
        finally:
            service.kill()
    metrics = [json.loads(line) for line in output.splitlines() if '"LagMs"' in line]
    assert sum(each["ChangesPublished"][0] for each in metrics) == 1
    assert {(each["service"], each["stream"]) for each in metrics} == {("shop-test", "shop")}
    assert place.streams().load("shop")[0].holder == ""
    old = time.time() - 200
    os.utime(environment["ROWLINE_HEARTBEAT"], (old, old))
    assert not healthy(environment)


def test_what_a_person_must_mend_is_one_line_and_no_crash(
    place: RelayPlace, environment: dict[str, str]
) -> None:
    settings = json.loads(environment["ROWLINE_SETTINGS"])
    settings["sources"]["shop"]["secret"] = "nobody/knows"
    service = subprocess.Popen(
        COMMAND,
        env=environment | {"ROWLINE_SETTINGS": json.dumps(settings)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(
            lambda: (
                "secret nobody/knows: cannot be read: ResourceNotFoundException"
                in place.streams().load("shop")[0].figures.get("error", "")
            )
        )
        time.sleep(0.5)
        assert service.poll() is None
        service.send_signal(signal.SIGTERM)
        output, _ = service.communicate(timeout=60)
    finally:
        service.kill()
    assert service.returncode == 0
    (line,) = [json.loads(line) for line in output.splitlines() if "nobody/knows" in line]
    assert line["level"] == "ERROR"
    assert "Traceback" not in output
