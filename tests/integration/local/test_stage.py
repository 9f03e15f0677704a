"""The stage as a whole (long: one stage, started once): up, again up, down, and what survives."""

import json
import os
import shutil
import signal
import subprocess
import sys

import boto3
import pymysql
import pytest

from cli import local_record
from local import elsewhere, local_stage
from local.home import CHECKOUT, home
from local.local_stage import LocalStage
from local.servers import server_process
from local.servers.emulator import Emulator
from shared.values.errors import ConfigError, RowlineError, SourceUnavailable

NAME = f"test-whole-{os.getpid()}"


@pytest.fixture(scope="module")
def whole():
    found = local_stage.up(NAME, environ={})
    yield found
    records = [server._read() for server in LocalStage.load(NAME).servers.values()]
    last = [record.process for record in records if record.process]  # one was interrupted
    assert len(last) >= 2
    assert all(server_process.is_alive(identity) for identity in last)
    found.down(purge=True)  # also what another process has started in the meantime
    assert not any(server_process.is_alive(identity) for identity in last)
    assert not (home().record / NAME).exists()


def secret(environment, name):
    client = boto3.client(
        "secretsmanager",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    return json.loads(client.get_secret_value(SecretId=name)["SecretString"])


@pytest.fixture
def environment(whole, monkeypatch):
    for name, value in whole.environment().items():
        monkeypatch.setenv(name, value)
    return whole.environment()


def test_secrets_lead_to_the_servers(whole, environment):
    source = secret(environment, "rowline/local/source")
    assert (source["tls"], source["username"]) == ("off", "rowline")
    with pymysql.connect(
        host=source["host"],
        port=source["port"],
        user=source["username"],
        password=source["password"],
    ) as connection:
        assert connection.server_version.startswith("11.4.5")
    assert secret(environment, "rowline/local/search") == {"url": whole.search_url}


def test_up_again_keeps_what_the_user_put_into_a_secret(whole, environment):
    client = boto3.client("secretsmanager")
    mine = {**secret(environment, "rowline/local/source"), "mask_key": "k" * 32}
    client.put_secret_value(SecretId="rowline/local/source", SecretString=json.dumps(mine))
    local_stage.up(NAME, environ={})
    assert secret(environment, "rowline/local/source") == mine


def test_the_record_leads_to_the_stage(whole):
    """What `rowline --stage local` reads, without the code that runs servers."""
    assert local_record.environment(home().record / NAME / "stage.json") == whole.environment()


def test_up_again_changes_nothing(whole, environment):
    """Also in a shell that carries the stage's own variables: they do not count as servers
    elsewhere.
    """
    before = {part: server.pid for part, server in whole.servers.items()}
    again = local_stage.up(NAME)
    assert {part: server.pid for part, server in again.servers.items()} == before
    assert again.elsewhere == {}
    assert {part.state for part in LocalStage.load(NAME).status()} == {"running"}
    assert LocalStage.load(NAME).environment() == environment


def test_files_with_passwords_are_closed(whole):
    for path in [home().record / NAME / "stage.json", *(home().base / NAME).glob("*/server.json")]:
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_databases_of_root_run_as_somebody_else(whole):
    for part in ("mariadb", "elasticsearch"):
        assert os.stat(f"/proc/{whole.server(part).pid}").st_uid not in (0, 65534)


def test_a_part_elsewhere_is_asked_and_not_started(whole, mariadb):
    url = mariadb.reader_url
    found = local_stage.up(NAME, environ={"ROWLINE_SOURCE": url})
    try:
        assert found.environment()["ROWLINE_SOURCE"] == url
        assert secret(found.environment(), "rowline/local/source")["port"] == mariadb.port
        (shown,) = (part for part in found.status() if part.part == "mariadb")
        assert (shown.state, shown.url) == ("external", f"mysql://127.0.0.1:{mariadb.port}")
        with pytest.raises(ConfigError, match="ROWLINE_SOURCE"):
            found.server("mariadb")
    finally:
        local_stage.up(NAME, environ={})


def test_a_part_elsewhere_that_is_down_is_an_error(whole):
    with pytest.raises(SourceUnavailable, match="ROWLINE_SOURCE"):
        local_stage.up(NAME, environ={"ROWLINE_SOURCE": "mysql://me:pw@127.0.0.1:1"})


def rowline(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_command_shows_the_stage_without_passwords(whole):
    shown = rowline("local", "status", "--name", NAME, "--json")
    assert shown.returncode == 0
    assert {part["part"]: part["state"] for part in json.loads(shown.stdout)} == dict.fromkeys(
        whole.servers, "running"
    )
    assert whole.server("mariadb").password not in shown.stdout
    table = rowline("local", "status", "--name", NAME)
    assert whole.search_url in table.stdout


def test_command_gives_a_shell_its_variables(whole):
    shown = rowline("local", "env", "--name", NAME)
    sourced = subprocess.run(
        ["sh", "-c", 'eval "$1"; env', "sh", shown.stdout],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert {f"{name}={value}" for name, value in whole.environment().items()} <= set(
        sourced.splitlines()
    )


def test_command_for_a_stage_that_is_not_up():
    shown = rowline("local", "status", "--name", "test-never")
    assert (shown.returncode, "rowline local up" in shown.stderr, "Traceback" in shown.stderr) == (
        1,
        True,
        False,
    )
    assert rowline("local", "down", "--name", "test-never").returncode == 0


def test_ctrl_c_stops_what_is_starting(whole):
    """Elasticsearch takes seconds to start; the interrupt comes meanwhile. The last test of this
    stage: that server stays stopped.
    """
    whole.server("elasticsearch").stop()
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job ignores it, and so would its children
    command = [sys.executable, "-m", "cli.main", "local", "up", "--name", NAME]
    with subprocess.Popen(
        command,
        cwd=CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=no_parts_elsewhere(),
    ) as up:
        assert any("elasticsearch: starting" in line for line in up.stderr)
        os.kill(up.pid, signal.SIGINT)
        rest = up.stderr.read()
    assert (up.returncode, "Traceback" in rest) == (130, False)
    server = LocalStage.load(NAME).server("elasticsearch")
    assert (server.pid, LocalStage.load(NAME).server("mariadb").pid is not None) == (None, True)
    assert rowline("local", "status", "--name", NAME).returncode == 1


def no_parts_elsewhere():
    return {
        name: value
        for name, value in os.environ.items()
        if name not in elsewhere.VARIABLES.values()
    }


def test_a_stage_that_is_not_up():
    with pytest.raises(RowlineError, match="rowline local up"):
        LocalStage.load("test-never")


def test_what_a_deploy_made_survives_down_and_up(deploy_own):
    """Functions, mappings, subscriptions and waiting messages come back, on the same port."""
    server, resources = deploy_own
    port = server.port
    queue = boto3.client("sqs").get_queue_url(QueueName="kept.fifo")["QueueUrl"]
    boto3.client("sqs").send_message(
        QueueUrl=queue, MessageBody="before", MessageGroupId="g", MessageDeduplicationId="1"
    )
    boto3.client("s3").create_bucket(
        Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("s3").put_object(Bucket="kept", Key="a/b", Body=b"c")
    server.stop()
    server.start()
    assert server.port == port
    assert (
        boto3.client("sns").get_topic_attributes(TopicArn=resources["Topic"])["Attributes"][
            "FifoTopic"
        ]
        == "true"
    )
    got = boto3.client("sqs").receive_message(
        QueueUrl=queue, WaitTimeSeconds=5, MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert [(message["Body"], message["Attributes"]["MessageGroupId"]) for message in got] == [
        ("before", "g")
    ]
    answer = boto3.client("lambda").invoke(FunctionName="kept", Payload=b"{}")["Payload"].read()
    assert json.loads(answer) == "from the zip"
    assert boto3.client("s3").get_object(Bucket="kept", Key="a/b")["Body"].read() == b"c"
    stacks = boto3.client("cloudformation").describe_stacks()["Stacks"]
    assert [item["StackStatus"] for item in stacks] == ["CREATE_COMPLETE"]


@pytest.fixture
def deploy_own(monkeypatch):
    """An emulator of this test's own with a topic, a queue and a function: (server, physical
    ids).
    """
    from tests.integration.local.conftest import fifo_queue, function, upload

    folder = home().base / "test" / f"own-emulator-{os.getpid()}"
    server = Emulator(folder).start()
    try:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        topic = {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": "kept.fifo", "FifoTopic": True},
        }
        template = {"Resources": {"Topic": topic, "Queue": fifo_queue("kept"), **function("kept")}}
        client = boto3.client("cloudformation")
        client.create_stack(
            StackName="kept", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
        )
        client.get_waiter("stack_create_complete").wait(
            StackName="kept", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        upload("kept", "def handle(event, context): return 'from the zip'")
        found = client.describe_stack_resources(StackName="kept")["StackResources"]
        yield server, {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in found}
    finally:
        server.kill()
        shutil.rmtree(folder)
