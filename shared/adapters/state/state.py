"""State: all stores of a stage, put together once."""

from dataclasses import dataclass

from shared.adapters.state.archive_progresses import ArchiveProgresses
from shared.adapters.state.coverages import Coverages
from shared.adapters.state.deletions import Deletions
from shared.adapters.state.done_messages import DoneMessages
from shared.adapters.state.dues import Dues
from shared.adapters.state.gates import Gates
from shared.adapters.state.groups_in_hand import GroupsInHand
from shared.adapters.state.jobs import Jobs
from shared.adapters.state.marks import Marks
from shared.adapters.state.pair_store import PairStore
from shared.adapters.state.parked import Parked
from shared.adapters.state.pulses import Pulses
from shared.adapters.state.redriven import Redriven
from shared.adapters.state.run_leases import RunLeases
from shared.adapters.state.schemas import Schemas
from shared.adapters.state.streams import Streams
from shared.adapters.state.verify_reports import VerifyReports


@dataclass(frozen=True)
class State:
    """One store per subject; they share a table. Work that needs one of them takes that one."""

    streams: Streams
    schemas: Schemas
    coverage: Coverages
    marks: Marks
    parked: Parked
    jobs: Jobs
    groups_in_hand: GroupsInHand
    deletions: Deletions
    done_messages: DoneMessages
    redriven: Redriven
    dues: Dues
    reports: VerifyReports
    pulses: Pulses
    leases: RunLeases
    gates: Gates
    pairs: PairStore
    archive_progress: ArchiveProgresses
