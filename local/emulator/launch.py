"""Run the emulator with its gaps closed: `python launch.py`, on the emulator's own interpreter."""

import gc
import sys
from importlib import import_module
from pathlib import Path

# One module a gap; each names in its docstring what stock ministack does, and can be dropped when
# the emulator is corrected. The order matters only where a docstring says so.
GAPS = (
    "batch_actions",
    "form_decoding",
    "form_parsing",
    "queue_scans",
    "queue_lock",
    "dedup_pruning",
    "topic_attributes",
    "topic_batch_limit",
    "topic_delivery",
    "policy_decisions",
    "undelivered",
    "mapping_concurrency",
    "mapping_state",
    "mapping_failures",
    "reserved_concurrency",
    "move_tasks",
    "metrics",
    "generated_names",
    "bucket_properties",
    "table_expiry",
    "condition_parsing",
    "firehose_gzip",
    "function_errors",
    "log_draining",
    "function_updates",
    "shared_code",
    "function_processes",
    "athena_first",
    "query_rights",
    "trace_daemon",
    "quick_server",
)


def main() -> None:
    """Close the gaps and serve until SIGTERM, in the foreground.

    The emulator's own `-d` starts a second, unpatched process.
    """
    # This folder holds `launch` alone; the modules are found from the checkout's root.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    for gap in GAPS:
        import_module(f"local.emulator.{gap}")
    from ministack.app import main as serve

    # Its modules stay: to look at them again and again took a tenth of each request.
    gc.freeze()
    gc.set_threshold(20_000)
    serve()


if __name__ == "__main__":
    main()
