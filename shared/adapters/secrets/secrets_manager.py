"""Secrets Manager through Powertools, which keeps a secret for a while.

A process has one client.
"""

from typing import Any

import msgspec
from botocore.exceptions import ClientError

from shared.adapters import aws
from shared.adapters.aws_errors import code_of, credentials_hint, message_of
from shared.values.errors import ConfigError, SecretUnavailable

MAX_AGE = 300
"""Seconds a secret is kept before it is read again."""

_HINTS = {
    "ResourceNotFoundException": (
        "Create it in this account and region, or correct the name in serverless.yml."
    ),
    "AccessDeniedException": (
        "Allow secretsmanager:GetSecretValue on it, and kms:Decrypt when it has a key of its own."
    ),
    "InvalidRequestException": "Is it scheduled for deletion? Restore it.",
    "DecryptionFailure": "Allow kms:Decrypt on the key that encrypts it.",
}


def _hint(error: Exception) -> str:
    if hint := credentials_hint(error):
        return hint
    if isinstance(error, ClientError):
        return f"Secrets Manager says: {message_of(error)}."
    return "Secrets Manager does not answer: from a VPC it needs its endpoint or a NAT."


def secret_json(name: str, *, fresh: bool = False) -> dict[str, Any]:
    """The content of a secret that holds a JSON object.

    fresh: read it again although it is known; it may have been rotated.
    Raises ConfigError when it is missing, may not be read or holds no JSON object, and
    SecretUnavailable when Secrets Manager does not answer. Neither quotes the content.
    """
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters import base
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    thing = f"secret {name}"
    try:
        # Powertools' own client would wait a minute for a reply.
        if "secrets" not in base.DEFAULT_PROVIDERS:  # type: ignore[attr-defined]
            provider = parameters.SecretsProvider(boto3_client=aws.client("secretsmanager"))
            base.DEFAULT_PROVIDERS["secrets"] = provider  # type: ignore[attr-defined]
        text = parameters.get_secret(name, max_age=MAX_AGE, force_fetch=fresh)
    except GetParameterError as error:
        # Powertools raises it inside `except`, without `from`.
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ClientError) and (code := cause.response["Error"]["Code"]) in _HINTS:
            raise ConfigError(f"cannot be read: {code}.", thing=thing, hint=_HINTS[code]) from None
        failed = cause if isinstance(cause, Exception) else error
        raise SecretUnavailable(
            f"cannot be read: {code_of(failed)}.", thing=thing, hint=_hint(failed)
        ) from None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise ConfigError(
            "is not a JSON object.", thing=thing, hint='Store it as {"name": "value", …}.'
        ) from None
