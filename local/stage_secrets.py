"""The secrets that a stack of the local stage reads."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config

from shared.values import source_endpoint

SOURCE_SECRET, SEARCH_SECRET = "rowline/local/source", "rowline/local/search"


def put_secrets(environment: dict[str, str], source_url: str, search_url: str) -> None:
    """Make both secrets hold the addresses and logins of this stage; writes only differences.

    Other keys of a secret, such as `mask_key`, are its user's and stay.
    """
    client = _client(environment)
    _put(client, SOURCE_SECRET, source_secret(source_url))
    _put(client, SEARCH_SECRET, search_secret(search_url))


def source_secret(url: str) -> dict[str, Any]:
    """The keys of the source's secret that hold how to reach it."""
    source = source_endpoint.parse(url)
    return {
        "host": source.host,
        "port": source.port,
        "username": source.user,
        "password": source.password,
        "tls": source.tls,
    }


def search_secret(url: str) -> dict[str, Any]:
    """The keys of a consumer's secret that hold how to reach Elasticsearch; None: no such key."""
    parts = urlsplit(url)
    return {
        "url": parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password or "") if parts.username else None,
    }


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old` with the keys of `new`; one that is None in `new` is left out."""
    return {name: value for name, value in {**old, **new}.items() if value is not None}


def _put(client: Any, name: str, keys: dict[str, Any]) -> None:
    try:
        old = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    except client.exceptions.ResourceNotFoundException:
        client.create_secret(Name=name, SecretString=json.dumps(merged({}, keys)))
        return
    if (new := merged(old, keys)) != old:
        client.put_secret_value(SecretId=name, SecretString=json.dumps(new))


def _client(environment: dict[str, str]) -> Any:
    return boto3.client(
        "secretsmanager",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3}),
    )
