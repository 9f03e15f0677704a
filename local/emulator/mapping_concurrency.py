"""Gap: the mapping of a FIFO queue runs one batch at a time.

On AWS as many run as there are message groups, up to MaximumConcurrency. The emulator's queue hands
out no message of a group that has one in flight, so several batches keep the order of each group.
Shown by test_mappings.py::test_groups_run_beside_each_other.
"""

from typing import Any

from ministack.services import lambda_svc

from local.emulator.patch import Function, around


@around(lambda_svc, "_sqs_esm_concurrency")
def concurrency(
    original: Function, mapping: Any, function: Any, config: Any, queue: Any = None
) -> int:
    """Batches in flight: the same for FIFO queues as for others."""
    return int(original(mapping, function, config, None if (queue or {}).get("is_fifo") else queue))
