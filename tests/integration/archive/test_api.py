"""The history API's gateway, as the plugin declares it, in the emulated AWS."""

import json
import subprocess
from typing import Any

import pytest

from local.home import CHECKOUT
from tests.integration.local.conftest import deploy, function, name, upload
from tests.signed_request import address_of, ask

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
    return address_of(ids["HistoryApi"])


@pytest.mark.parametrize("path", ["/history?table=listings&key=7", "/openapi.json", "/nothing?x=1"])
def test_without_credentials_the_function_is_not_reached(gateway: str, path: str) -> None:
    status, body = ask(f"{gateway}{path}")
    assert (status, "answered" in body) == (403, False)


def test_with_credentials_it_is(gateway: str) -> None:
    assert ask(f"{gateway}/history?table=listings&key=7", "test") == (200, "answered")
