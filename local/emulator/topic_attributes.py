"""Gap: AWS::SNS::Topic ignores every attribute but DisplayName.

A FIFO topic made by CloudFormation is a standard one, and message groups are lost. Shown by
test_topics.py::test_topic_of_a_stack_keeps_its_attributes.
"""

import json
from typing import Any

from ministack.services import sns

from local.emulator.patch import after_resource

_PROPERTIES = (
    "FifoTopic",
    "ContentBasedDeduplication",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
    "ArchivePolicy",
)


@after_resource("AWS::SNS::Topic")
def keep_attributes(arn: str, properties: dict[str, Any]) -> None:
    """Store the properties as the attributes that GetTopicAttributes answers.

    Raises ValueError as AWS refuses the name.
    """
    topic = sns._topics.get(arn)
    attributes = topic["attributes"]
    for name in _PROPERTIES:
        if name in properties:
            attributes[name] = _text(properties[name])
        else:
            attributes.pop(name, None)
    fifo = attributes.get("FifoTopic") == "true"
    if fifo != topic["name"].endswith(".fifo"):
        raise ValueError(
            "Invalid parameter: the names of FIFO topics, and of no others, end with .fifo"
        )
    if fifo:
        attributes.setdefault("ContentBasedDeduplication", "false")
        topic.setdefault("dedup_cache", {})
        topic.setdefault("fifo_seq", 0)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
