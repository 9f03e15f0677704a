"""A queue or table without a name gets a new one each time it is made.

Stock ministack derives the name from stack and logical id alone. A resource that was retained on removal is then overwritten, and emptied, by its successor
under the same logical id. CloudFormation draws a random suffix, as ministack itself does for buckets.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services.cloudformation import provisioners

_NAMES = {"AWS::SQS::Queue": "QueueName", "AWS::DynamoDB::Table": "TableName"}


def _drawing(create: Callable[..., Any], name: str) -> Callable[..., Any]:
    def inner(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        if not props.get(name) and not provisioners._NAME_SEED.get():
            provisioners._NAME_SEED.set(new_uuid()[:8])  # kept on the resource's record, so that updates find the same name
        return create(logical_id, props, stack_name)

    return inner


for _type, _name in _NAMES.items():
    _handlers = provisioners._RESOURCE_HANDLERS[_type]
    _handlers["create"] = _drawing(_handlers["create"], _name)
