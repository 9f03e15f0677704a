"""Gap: Firehose ignores CompressionFormat, and writes plain objects.

Shown by test_stacks.py::test_firehose_compresses_what_it_delivers.
"""

import gzip
from typing import Any

from ministack.services import firehose

from local.emulator.patch import Function, around


@around(firehose, "_deliver_to_s3")
def deliver(original: Function, stream: Any, dest: Any, data: bytes, *rest: Any) -> Any:
    """Compress a record as the destination says; AWS gives such objects the ending .gz."""
    config = dest.get("config") or {}
    if config.get("CompressionFormat") == "GZIP":
        data = gzip.compress(data)
        dest = {**dest, "config": {"FileExtension": ".gz", **config}}
    return original(stream, dest, data, *rest)
