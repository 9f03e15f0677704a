"""The topic: its twin and SNS obey the same contract, and SNS's failures are told apart."""

import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from shared.adapters import aws
from shared.adapters.topic.contract import Entry
from shared.adapters.topic.sns import SnsTopic
from shared.values.errors import TopicError
from tests.worlds.odd_server import serving
from tests.worlds.twins.topic import MemoryTopic, size_of

ARN = "arn:aws:sns:eu-west-1:123456789012:changes.fifo"


def entry(number: int, body: str = "{}") -> Entry:
    return Entry(
        body,
        f"group-{number}",
        f"dedup-{number}",
        {"source": "shop", "table": "shop.é", "lane": "live"},
    )


def sns() -> Any:
    return boto3.client(
        "sns",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=aws.config(attempts=1),
    )


@pytest.fixture(params=["memory", "sns"])
def topic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryTopic()
        return
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = sns()
        arn = client.create_topic(Name="changes.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
        yield SnsTopic(client, arn)


def test_every_entry_of_a_request_is_acknowledged(topic: Any) -> None:
    assert topic.publish([entry(number) for number in range(10)]) == [None] * 10


def test_a_full_request_fits(topic: Any) -> None:
    rest = entry(1)
    body = "x" * (262_144 - size_of(rest) - size_of(entry(2, "")))
    assert topic.publish([rest, entry(2, body)]) == [None, None]


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SnsTopic, Stubber]]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = sns()
    with Stubber(client) as stubber:
        yield SnsTopic(client, ARN), stubber


def test_the_fate_of_each_entry_is_told_apart(stubbed: tuple[SnsTopic, Stubber]) -> None:
    topic, stubber = stubbed
    stubber.add_response(
        "publish_batch",
        {
            "Successful": [{"Id": "2", "MessageId": "m", "SequenceNumber": "1"}],
            "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}],
        },
    )
    assert topic.publish([entry(0), entry(1), entry(2)]) == [
        "InternalError",
        "no reply for this entry",
        None,
    ]


@pytest.mark.parametrize(
    ("code", "status"),
    [("Throttling", 400), ("ThrottledException", 429), ("KMSThrottling", 400), ("Odd", 503)],
)
def test_what_may_pass_is_a_failure_of_every_entry(
    stubbed: tuple[SnsTopic, Stubber], code: str, status: int
) -> None:
    topic, stubber = stubbed
    stubber.add_client_error("publish_batch", code, http_status_code=status)
    assert topic.publish([entry(0), entry(1)]) == [code, code]


def test_a_lost_reply_is_a_failure_of_every_entry(
    stubbed: tuple[SnsTopic, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, _ = stubbed

    def lost(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://sns")

    monkeypatch.setattr(topic._client, "publish_batch", lost)
    assert topic.publish([entry(0), entry(1)]) == ["ReadTimeoutError"] * 2


@pytest.mark.parametrize(
    "code", ["NotFound", "AuthorizationError", "InvalidParameter", "KMSAccessDenied"]
)
def test_what_trying_again_cannot_mend_names_the_topic(
    stubbed: tuple[SnsTopic, Stubber], code: str
) -> None:
    topic, stubber = stubbed
    stubber.add_client_error("publish_batch", code, http_status_code=400)
    with pytest.raises(TopicError, match=ARN):
        topic.publish([entry(0)])


def test_an_entry_that_is_wrong_in_itself_is_an_error(stubbed: tuple[SnsTopic, Stubber]) -> None:
    topic, stubber = stubbed
    stubber.add_response(
        "publish_batch",
        {
            "Successful": [],
            "Failed": [{"Id": "0", "Code": "InvalidParameter", "SenderFault": True}],
        },
    )
    with pytest.raises(TopicError, match="InvalidParameter"):
        topic.publish([entry(0)])


def test_one_attempt_ends_within_what_a_new_holder_waits() -> None:
    config = aws.config(attempts=1)
    assert config.connect_timeout + config.read_timeout <= 5
    assert config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_request_goes_out_once_whatever_comes_back(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither botocore nor urllib3 sends it again: by then the relay may have lost its lease, and a
    later message may not overtake.
    """
    requests: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        requests.append(connection.recv(1 << 16))
        connection.sendall(answer)

    with serving(treat) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        fates = SnsTopic(sns(), ARN).publish([entry(0), entry(1)])
    assert len(fates) == 2
    assert None not in fates
    assert len([each for each in requests if each.startswith(b"POST")]) == 1
