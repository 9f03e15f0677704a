"""S3 answers 200 to a deletion of many objects also where it keeps some: that is an error."""

from typing import Any

import pytest

from shared.adapters import aws
from shared.adapters.lake.iceberg import file_io, vacuum
from shared.adapters.objects.s3_deletion import delete_objects
from shared.values.errors import StackError, StateUnavailable


class KeepingS3:
    """A client whose bucket keeps objects with a `k` in their key. calls: the keys of each."""

    def __init__(self, code: str) -> None:
        self._code, self.calls = code, list[list[str]]()

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        keys = [each["Key"] for each in Delete["Objects"]]
        self.calls.append(keys)
        kept = [{"Key": key, "Code": self._code, "Message": "no."} for key in keys if "k" in key]
        return {"Errors": kept} if kept else {}


@pytest.mark.parametrize(
    ("code", "error"), [("AccessDenied", StackError), ("SlowDown", StateUnavailable)]
)
def test_an_object_that_is_kept_is_an_error(code: str, error: type[Exception]) -> None:
    client: Any = KeepingS3(code)
    with pytest.raises(
        error, match=rf"s3://lake/k1: S3 has kept 2 of 3 objects \({code}\): no\. \w"
    ):
        delete_objects(client, "lake", [{"Key": "a"}, {"Key": "k1"}, {"Key": "k2"}])


def test_the_purge_of_a_table_says_so_too() -> None:
    with pytest.raises(StackError, match="S3 has kept 1 of 2 objects"):
        vacuum.delete(KeepingS3("AccessDenied"), [("lake", "a"), ("lake", "k")])


def test_a_request_is_so_small_that_its_answer_comes_in_time() -> None:
    client: Any = KeepingS3("")
    delete_objects(client, "lake", [{"Key": str(number)} for number in range(600)])
    assert [len(each) for each in client.calls] == [250, 250, 100]


def test_a_large_file_may_take_longer_than_another_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert file_io._client("test").meta.config.read_timeout >= 5 * aws.READ_SECONDS
