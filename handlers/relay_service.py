"""A source's relay as a container: `python -m handlers.relay_service` relays until SIGTERM.

With `--healthy` it says by its exit code whether that one works. The health check runs every half
minute on a quarter of a processor: it must load nothing but this.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

HEARTBEAT = Path(os.environ.get("ROWLINE_HEARTBEAT", "/tmp/rowline-heartbeat"))  # noqa: S108 (no content, alone in its container)
SILENT_SECONDS = 150.0
AGAIN_SECONDS = 60.0
"""Pause after an error that a person must correct; the function's schedule pauses as long."""
BUSY_SECONDS = 5.0


def healthy() -> bool:
    """Whether the loop gave a sign of life lately.

    A source that is away is no reason for a restart: the loop waits for it, and works.
    """
    try:
        return time.time() - HEARTBEAT.stat().st_mtime < SILENT_SECONDS
    except FileNotFoundError:
        return False


def serve(stop: threading.Event) -> None:
    """Relay whenever nobody else does, until told to stop.

    Raises only defects: the service then starts another container.
    """
    import socket

    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

    from shared.adapters.metrics.emf import emit
    from shared.adapters.stack.environment import variable
    from shared.flows.relay.relay_loop import relay
    from shared.stage import Stage
    from shared.values.errors import RowlineError

    stage, stream = Stage.from_environment(), variable("ROWLINE_STREAM")
    logger = Logger(service=stage.full_name)
    copy_config_to_registered_loggers(logger, include={"rowline.relay"})

    def report(_: dict[str, Any], metrics: dict[str, float]) -> None:
        HEARTBEAT.touch()
        emit(stage.full_name, "stream", stream, metrics)

    setup = stage.relay(
        stream,
        holder=f"container {socket.gethostname()}",
        manner="leave",
        run="fargate",
        report=report,
        stop=stop,
    )
    while not stop.is_set():
        HEARTBEAT.touch()
        pause = BUSY_SECONDS
        try:
            ended = relay(setup)
            if ended != "busy":
                logger.info("relay ended", extra={"ended": ended})
        except RowlineError as error:
            logger.error(str(error))
            pause = AGAIN_SECONDS
        stop.wait(pause)


def main() -> int:
    if sys.argv[1:] == ["--healthy"]:
        return 0 if healthy() else 1
    from shared.flows.relay.stop_signals import until_signalled

    stop = threading.Event()
    until_signalled(lambda: serve(stop), stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
