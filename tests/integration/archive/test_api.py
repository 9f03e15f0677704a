"""The history API's gateway, as the plugin declares it, in the emulated AWS."""

import json
import subprocess
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.home import CHECKOUT
from tests.integration.local.conftest import deploy, function, name, upload

__all__ = ["deploy", "name"]  # fixtures

DECLARED = """
const { expand } = require('./plugins/rowline/expand');
const { stanzas, context } = require('./plugins/rowline/test/fixtures');
const made = expand(stanzas({ archive: { api: 'on' } }), { ...context(), read: () => '' });
const kept = ([id, { Type }]) => /ApiGateway/.test(Type) || id === 'HistoryApiPermission';
const resources = Object.fromEntries(Object.entries(made.resources).filter(kept));
console.log(JSON.stringify(resources));
"""


@pytest.fixture
def gateway(deploy: Any, name: str) -> str:
    """The address of the API, with a function behind it that answers everything."""
    done = subprocess.run(
        ["node", "-e", DECLARED], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    text = done.stdout.replace("HistoryLambdaFunction", "Function")
    resources = json.loads(text)
    ids = deploy({**resources, **function(name)})
    upload(name, "def handle(event, context): return {'statusCode': 200, 'body': 'answered'}")
    port = urlsplit(boto3.client("sts").meta.endpoint_url).port
    return f"http://{ids['HistoryApi']}.execute-api.127.0.0.1:{port}"


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


@pytest.mark.parametrize("path", ["/history?table=listings&key=7", "/openapi.json", "/nothing?x=1"])
def test_without_credentials_the_function_is_not_reached(gateway: str, path: str) -> None:
    status, body = ask(f"{gateway}{path}")
    assert (status, "answered" in body) == (403, False)


def test_with_credentials_it_is(gateway: str) -> None:
    assert ask(f"{gateway}/history?table=listings&key=7", "test") == (200, "answered")
