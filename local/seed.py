"""The secrets that a stack of the local stage reads."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config

from shared.values import endpoint

SOURCE_SECRET, SEARCH_SECRET = "rowline/local/source", "rowline/local/search"


def put_secrets(environment: dict[str, str], source_url: str, search_url: str) -> None:
    """Make both secrets in Secrets Manager hold how to reach the source and Elasticsearch; writes
    only what differs.
    """
    source = endpoint.parse(source_url)
    login = {
        "host": source.host,
        "port": source.port,
        "username": source.user,
        "password": source.password,
        "tls": source.tls,
    }
    _put(_client(environment), SOURCE_SECRET, login)
    _put(_client(environment), SEARCH_SECRET, search_secret(search_url))


def search_secret(url: str) -> dict[str, str]:
    """A URL as the secret that consumers read: the login apart from the address."""
    parts = urlsplit(url)
    secret = {"url": parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()}
    if parts.username:
        secret |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return secret


def _put(client: Any, name: str, value: dict[str, Any]) -> None:
    text = json.dumps(value)
    try:
        if client.get_secret_value(SecretId=name)["SecretString"] != text:
            client.put_secret_value(SecretId=name, SecretString=text)
    except client.exceptions.ResourceNotFoundException:
        client.create_secret(Name=name, SecretString=text)


def _client(environment: dict[str, str]) -> Any:
    return boto3.client(
        "secretsmanager",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3}),
    )
