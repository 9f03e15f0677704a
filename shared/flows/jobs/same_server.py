"""Same server: a job reads the very server that the relay reads, or nothing."""

from collections.abc import Mapping

from shared.adapters.binlog.contract import is_another_start
from shared.domain.polling import Polling
from shared.domain.watermark import Watermark
from shared.flows.jobs.job_setup import JobSetup
from shared.values.checkpoint import Checkpoint
from shared.values.errors import SourceError

NOTICED_SECONDS = 120.0
"""A relay whose server was started again connects and says so within this time."""

_POLL_SECONDS = 1.0


def require_same_server(
    setup: JobSetup, watermarks: Mapping[str, Watermark], polling: Polling
) -> str:
    """The server that is read, for people. Raises SourceError when it is another than the relay's.

    MariaDB's identity is a number that people choose, and two servers often have the same one. So
    the server must have been started when the relay's was, and its binlog must hold what the relay
    has published.
    """
    started = setup.database.started()
    for watermark in watermarks.values():

        def same(checkpoint: Checkpoint) -> bool:
            theirs = checkpoint.lineage.started
            return not theirs or not started or not is_another_start(theirs, started)

        checkpoint = polling.wait_for(
            watermark.read, same, seconds=NOTICED_SECONDS, every=_POLL_SECONDS
        )
        end, place = setup.database.position(), checkpoint.position
        reached = end is None or not place.file or end.reaches(place)
        if not same(checkpoint) or not reached:
            why = (
                f"its binlog ends at {end}, before {place}, which is published"
                if same(checkpoint)
                else "it was started at another time"
            )
            raise SourceError(
                f"is not the server that the relay reads: {why}.",
                thing=setup.reads or f"server {checkpoint.server}",
                hint="Compare and fill from the relay's own server: check the address.",
            )
    server = setup.database.server().identity
    return f"server {server} at {setup.reads}" if setup.reads else f"server {server}"
