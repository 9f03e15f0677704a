"""The emulator's HTTP server is another one: what clients of AWS send must reach the emulator."""

import http.client
import socket
from urllib.parse import urlsplit

import boto3
import pytest


@pytest.fixture
def bucket(aws, name):
    made = boto3.resource("s3").Bucket(name)
    made.create(CreateBucketConfiguration={"LocationConstraint": aws["AWS_REGION"]})
    yield made
    made.objects.delete()
    made.delete()


@pytest.mark.parametrize("key", ["plain", "a b/c+d%2Fe", "ключ/é?x=1&y#z", "two//slashes/"])
@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_body_of_any_size_is_kept_under_any_key(bucket, key, size):
    body = bytes(size % 251 for size in range(size))
    bucket.put_object(Key=key, Body=body)  # says `Expect: 100-continue`, and waits for it
    assert [each.key for each in bucket.objects.all()] == [key]
    assert bucket.Object(key).get()["Body"].read() == body


def test_one_connection_serves_many_requests(emulator):
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=10)
    for _ in range(3):
        connection.request("GET", "/_ministack/health")
        answer = connection.getresponse()
        assert (answer.status, answer.will_close) == (200, False)
        assert len(answer.headers.get_all("date")) == 1  # the emulator's, not the server's too
        answer.read()


def test_what_is_no_request_is_refused(emulator):
    address = urlsplit(emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(b"NOT HTTP\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")
