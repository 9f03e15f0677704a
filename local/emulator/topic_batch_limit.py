"""Gap: PublishBatch checks the size of each entry, not of all together.

AWS limits the sum to 256 KiB as well.
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html. Shown by
test_topics.py::test_a_batch_that_is_too_large_is_refused.
"""

from typing import Any

from ministack.services import sns

from local.emulator.patch import Function, around


@around(sns, "_publish_batch")
def publish_batch(original: Function, params: Any) -> Any:
    """Refuse the whole request where the entries together are too large."""
    total = sum(
        sns._message_payload_size(entry["message"], entry["message_attributes"])
        for entry in sns._parse_batch_entries(params)
    )
    if total > sns._SNS_MAX_PAYLOAD_BYTES:
        return sns._error(
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
            400,
        )
    return original(params)
