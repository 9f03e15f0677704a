"""Claim stores: the twin and S3 obey the same contract."""

import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from shared.adapters import aws
from shared.adapters.claims.s3 import S3Claims
from shared.values.errors import StackError, StateUnavailable
from tests.worlds.odd_server import serving
from tests.worlds.twins.claims import MemoryClaims


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
    assert address == "s3://claims/rows/shop/0a1b.json"
    assert claims.get(address) == b'{"big":"row"}'


def test_payloads_of_parked_changes_have_a_prefix_of_their_own_and_can_be_deleted(
    claims: Any,
) -> None:
    address = claims.park("search/a?b#c", b"1")
    assert address.startswith("s3://claims/parked/search/")
    assert claims.get(address) == b"1"
    assert claims.find_parked(address) == b"1"
    claims.discard(address)
    claims.discard(address)
    assert claims.find_parked(address) is None
    with pytest.raises(StackError, match="gone"):
        claims.get(address)


def test_writing_a_name_again_leaves_one_object(claims: Any) -> None:
    assert claims.put("shop/a.json", b"1") == claims.put("shop/a.json", b"1")


def test_a_missing_object_is_named(claims: Any) -> None:
    with pytest.raises(StackError, match=r"s3://claims/claims/shop/none\.json"):
        claims.get("s3://claims/claims/shop/none.json")


def s3(url: str, **config: Any) -> S3Claims:
    options = aws.config().merge(Config(**config))
    keys = {
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "region_name": "us-east-1",
    }
    return S3Claims(boto3.client("s3", endpoint_url=url, config=options, **keys), "claims")


def test_a_bucket_that_does_not_answer_may_do_so_later() -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(1)

    with (
        serving(hang_up) as url,
        pytest.raises(StateUnavailable, match="s3://claims/rows/shop/a"),
    ):
        s3(url, retries={"total_max_attempts": 1}).put("shop/a.json", b"1")


@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("RequestTimeout", 400), ("ExpiredToken", 400)]
)
def test_what_may_pass_is_tried_again_by_the_caller(code: str, status: int) -> None:
    claims = s3("http://127.0.0.1:1")
    with Stubber(claims._client) as stubber:
        stubber.add_client_error("put_object", code, http_status_code=status)
        with pytest.raises(StateUnavailable):
            claims.put("shop/a.json", b"1")


def test_a_bucket_that_refuses_is_named() -> None:
    claims = s3("http://127.0.0.1:1")
    with Stubber(claims._client) as stubber:
        stubber.add_client_error("put_object", "AccessDenied", http_status_code=403)
        with pytest.raises(StackError, match="s3:PutObject"):
            claims.put("shop/a.json", b"1")


def test_what_was_kept_is_found_by_its_name(claims: Any) -> None:
    claims.keep("shop/journal/001", b"older")
    address = claims.keep("shop/journal/001", b"page")
    assert claims.find("shop/journal/001") == b"page"
    assert claims.find("shop/journal/002") is None
    assert claims.get(address) == b"page"


def test_a_row_is_not_taken_for_what_was_kept(claims: Any) -> None:
    claims.put("shop/journal/001", b"row")
    assert claims.find("shop/journal/001") is None


def test_what_the_former_layout_holds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One prefix, `claims/`, held both large rows and what is kept."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="claims")
        for key in ("claims/shop/journal/007", "claims/shop/0a1b.json"):
            client.put_object(Bucket="claims", Key=key, Body=b"before")
        claims = S3Claims(client, "claims")
        assert claims.find("shop/journal/007") == b"before"
        assert claims.get("s3://claims/claims/shop/0a1b.json") == b"before"
