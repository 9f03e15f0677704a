"""Gap: the name that a queue or table gets depends on stack and logical id alone.

A resource that was retained on removal is overwritten, and emptied, by its successor under the same
logical id. CloudFormation draws a random suffix, as the emulator itself does for buckets. Shown by
tests/integration/deploy/test_consumers.py::test_a_consumer_comes_and_goes_and_its_dlq_stays.
"""

from typing import Any

from ministack.core.responses import new_uuid
from ministack.services.cloudformation import provisioners

from local.emulator.patch import Function


def _drawing(create: Function, name: str) -> Function:
    def made(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if not properties.get(name) and not provisioners._NAME_SEED.get():
            provisioners._NAME_SEED.set(
                new_uuid()[:8]
            )  # kept on the resource's record, so that updates find the same name
        return create(logical_id, properties, stack)

    return made


for _type, _name in {"AWS::SQS::Queue": "QueueName", "AWS::DynamoDB::Table": "TableName"}.items():
    _handlers = provisioners._RESOURCE_HANDLERS[_type]
    _handlers["create"] = _drawing(_handlers["create"], _name)
