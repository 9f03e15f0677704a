"""Claim stores: the twin and S3 obey the same contract."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.adapters.claims.memory import MemoryClaims
from shared.adapters.claims.s3 import S3Claims
from shared.values.errors import StackError


@pytest.fixture(params=["memory", "s3"])
def claims(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryClaims()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="claims")
        yield S3Claims(client, "claims")


def test_an_object_is_got_by_the_address_that_put_returned(claims: Any) -> None:
    address = claims.put("shop/0a1b.json", b'{"big":"row"}')
    assert address == "s3://claims/claims/shop/0a1b.json"
    assert claims.get(address) == b'{"big":"row"}'


def test_writing_a_name_again_leaves_one_object(claims: Any) -> None:
    assert claims.put("shop/a.json", b"1") == claims.put("shop/a.json", b"1")


def test_a_missing_object_is_named(claims: Any) -> None:
    with pytest.raises(StackError, match=r"s3://claims/claims/shop/none\.json"):
        claims.get("s3://claims/claims/shop/none.json")
