"""Deleting again: what was deleted while a job sent rows is deleted once more at its end."""

from collections.abc import Callable
from itertools import islice

from shared.domain.sink import Listable
from shared.flows.jobs.job_setup import JobSetup
from shared.values.counted import counted

AT_ONCE = 5_000
"""Deletions after which the hold of the job is renewed."""


def delete_again(
    setup: JobSetup,
    job: str,
    sleep: Callable[[float], object],
    show: Callable[[str], None],
) -> int:
    """Make the deletions again that the consumer has recorded for a job; returns how many counted.

    A sink that keeps no list of what it holds needs none. Raises what the sink raises.
    """
    if not isinstance(setup.sink, Listable):
        return 0
    recorded, deleted = setup.state.deletions.read(setup.consumer.name, job), 0
    left = iter(recorded.items())
    while some := dict(islice(left, AT_ONCE)):
        show(f"making {counted(len(recorded), 'deletion')} again")
        deleted += setup.sink.delete_again(some, sleep)
    return deleted
