"""Requests to an HTTP API of the emulated AWS, with the signature that API Gateway asks for."""

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def address_of(api: str) -> str:
    """The address of an API by its id."""
    port = urlsplit(boto3.client("sts").meta.endpoint_url).port
    return f"http://{api}.execute-api.127.0.0.1:{port}"


def ask(url: str, key: str = "") -> tuple[int, str]:
    """Status and body of a request, signed with a key of IAM if one is given."""
    parts = urlsplit(url)
    local = f"http://127.0.0.1:{parts.port}{parts.path}?{parts.query}"
    headers = {"Host": parts.netloc}
    if key:
        request = AWSRequest("GET", f"http://{parts.netloc}{parts.path}?{parts.query}")
        SigV4Auth(Credentials(key, key), "execute-api", "eu-west-1").add_auth(request)
        headers |= dict(request.headers.items())
    try:
        with urllib.request.urlopen(urllib.request.Request(local, headers=headers)) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
