"""A Firehose stream: its twin and the adapter obey the same contract; only failures come again."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.stub import Stubber

from shared.adapters.firehose.contract import MOST_RECORD, DeliveryStream
from shared.adapters.firehose.firehose_stream import BYTES, PAUSES, RECORDS, FirehoseStream
from shared.values.errors import StackError
from tests.worlds.twins.firehose import MemoryStream
from tests.worlds.twins.landing import MemoryLanding

FAILED = "ServiceUnavailableException"
FirehoseAnswer = Callable[[dict[str, Any]], Any]


class FirehoseAnswers:
    """Firehose as its client sees it: each call gets the next answer, the last one again."""

    def __init__(self, *answers: FirehoseAnswer) -> None:
        self.calls: list[list[bytes]] = []
        self._answers = list(answers)

    def put_record_batch(self, **call: Any) -> Any:
        self.calls.append([each["Data"] for each in call["Records"]])
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(call)


def accepts(call: dict[str, Any]) -> Any:
    return {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "r"} for _ in call["Records"]]}


def fails(*places: int) -> FirehoseAnswer:
    def answer(call: dict[str, Any]) -> Any:
        found = [
            {"ErrorCode": FAILED, "ErrorMessage": "Slow down."}
            if at in places
            else {"RecordId": "r"}
            for at in range(len(call["Records"]))
        ]
        return {"FailedPutCount": len(places), "RequestResponses": found}

    return answer


def raises(code: str, status: int) -> FirehoseAnswer:
    def answer(call: dict[str, Any]) -> Any:
        reply = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(reply, "PutRecordBatch")

    return answer


def stream(service: FirehoseAnswers, pauses: list[float] | None = None) -> FirehoseStream:
    return FirehoseStream(service, "changes", (pauses if pauses is not None else []).append)


def twin() -> MemoryStream:
    return MemoryStream(MemoryLanding())


def always() -> bool:
    return True


@pytest.mark.parametrize(
    "made", [twin, lambda: stream(FirehoseAnswers(accepts))], ids=["twin", "firehose"]
)
def test_accepted_records_have_no_reason(made: Callable[[], DeliveryStream]) -> None:
    assert made().put([b"a\n", b"x" * MOST_RECORD], always) == ["", ""]
    assert made().put([], always) == []


@pytest.mark.parametrize(
    "made", [twin, lambda: stream(FirehoseAnswers(accepts))], ids=["twin", "firehose"]
)
def test_nothing_is_accepted_when_time_is_over(made: Callable[[], DeliveryStream]) -> None:
    assert all(made().put([b"a", b"b"], lambda: False))


def test_only_records_that_failed_are_sent_again() -> None:
    service, pauses = FirehoseAnswers(fails(1, 3), fails(0), accepts), list[float]()
    assert stream(service, pauses).put([b"a", b"b", b"c", b"d"], always) == [""] * 4
    assert service.calls == [[b"a", b"b", b"c", b"d"], [b"b", b"d"], [b"b"]]
    assert pauses == list(PAUSES[:2])


def test_what_never_comes_through_is_named_alone() -> None:
    service = FirehoseAnswers(fails(0))
    assert stream(service).put([b"a", b"b"], always) == [FAILED, ""]
    assert service.calls == [[b"a", b"b"]] + [[b"a"]] * len(PAUSES)


@pytest.mark.parametrize(
    "outage",
    [raises(FAILED, 503), raises("ThrottlingException", 400), raises("InternalFailure", 500)],
)
def test_a_throttled_call_is_sent_again_as_a_whole(outage: FirehoseAnswer) -> None:
    service = FirehoseAnswers(outage, accepts)
    assert stream(service).put([b"a", b"b"], always) == ["", ""]
    assert service.calls == [[b"a", b"b"]] * 2


def test_a_call_without_an_answer_is_sent_again() -> None:
    def lost(call: dict[str, Any]) -> Any:
        raise BotoCoreError

    service = FirehoseAnswers(lost, accepts)
    assert stream(service).put([b"a"], always) == [""]


def test_what_a_person_must_repair_is_raised() -> None:
    for code in (
        "AccessDeniedException",
        "ResourceNotFoundException",
        "InvalidKMSResourceException",
    ):
        with pytest.raises(StackError, match=code):
            stream(FirehoseAnswers(raises(code, 400))).put([b"a"], always)


def test_a_call_has_at_most_what_firehose_takes() -> None:
    service = FirehoseAnswers(accepts)
    records = [b"x"] * (RECORDS + 1) + [b"y" * MOST_RECORD] * 9
    assert stream(service).put(records, always) == [""] * len(records)
    assert [each for call in service.calls for each in call] == records
    for call in service.calls:
        assert len(call) <= RECORDS
        assert sum(-(-len(each) // 3) * 4 for each in call) < BYTES
    assert len(service.calls) <= 6


def test_no_repetition_begins_when_time_is_over() -> None:
    left = iter([True, True, False])
    service = FirehoseAnswers(fails(0))
    assert stream(service).put([b"a"], lambda: next(left)) == [FAILED]
    assert len(service.calls) == 1


def test_the_request_is_one_that_firehose_knows() -> None:
    client = boto3.client(
        "firehose", "eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stubber:
        stubber.add_response(
            "put_record_batch",
            {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "r"}]},
            {"DeliveryStreamName": "changes", "Records": [{"Data": b"a"}]},
        )
        made = FirehoseStream(client, "changes")
        assert made.put([b"a"], always) == [""]
