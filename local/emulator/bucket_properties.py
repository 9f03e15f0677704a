"""Gap: AWS::S3::Bucket ignores BucketEncryption and LifecycleConfiguration.

Shown by test_stacks.py::test_bucket_keeps_encryption_and_life_cycle.
"""

from typing import Any
from xml.sax.saxutils import escape

from ministack.services import s3

from local.emulator.patch import after_resource

_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@after_resource("AWS::S3::Bucket")
def keep_properties(name: str, properties: dict[str, Any]) -> None:
    """Give both to the calls of the S3 API that set them."""
    encryption = (properties.get("BucketEncryption") or {}).get(
        "ServerSideEncryptionConfiguration"
    ) or []
    if encryption:
        s3._put_bucket_encryption(name, _encryption(encryption[0]).encode())
    rules = (properties.get("LifecycleConfiguration") or {}).get("Rules") or []
    if rules:
        text = "".join(_rule(number, rule) for number, rule in enumerate(rules))
        s3._put_bucket_lifecycle(
            name, f"<LifecycleConfiguration {_NAMESPACE}>{text}</LifecycleConfiguration>".encode()
        )


def _encryption(rule: dict[str, Any]) -> str:
    default = rule.get("ServerSideEncryptionByDefault") or {}
    inner = _tag("SSEAlgorithm", default.get("SSEAlgorithm", "AES256")) + _tag(
        "KMSMasterKeyID", default.get("KMSMasterKeyID")
    )
    bucket_key = _tag("BucketKeyEnabled", str(bool(rule.get("BucketKeyEnabled"))).lower())
    return (
        "<ServerSideEncryptionConfiguration "
        f"{_NAMESPACE}><Rule><ApplyServerSideEncryptionByDefault>{inner}"
        f"</ApplyServerSideEncryptionByDefault>{bucket_key}</Rule></ServerSideEncryptionConfiguration>"
    )


def _rule(number: int, rule: dict[str, Any]) -> str:
    text = (
        _tag("ID", rule.get("Id", number))
        + _tag("Status", rule["Status"])
        + f"<Filter><Prefix>{escape(rule.get('Prefix', ''))}</Prefix></Filter>"
    )
    if rule.get("ExpirationInDays"):
        text += f"<Expiration>{_tag('Days', rule['ExpirationInDays'])}</Expiration>"
    for transition in rule.get("Transitions") or []:
        text += f"<Transition>{_tag('Days', transition['TransitionInDays'])}{_tag('StorageClass', transition['StorageClass'])}</Transition>"  # noqa: E501
    if days := (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays"):
        text += f"<NoncurrentVersionExpiration>{_tag('NoncurrentDays', days)}</NoncurrentVersionExpiration>"  # noqa: E501
    if days := (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation"):
        text += f"<AbortIncompleteMultipartUpload>{_tag('DaysAfterInitiation', days)}</AbortIncompleteMultipartUpload>"  # noqa: E501
    return f"<Rule>{text}</Rule>"


def _tag(name: str, value: Any) -> str:
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>"
