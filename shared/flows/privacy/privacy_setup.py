"""The parts that export and erasure work with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.adapters.objects.contract import ObjectFolder
from shared.adapters.versions.contract import FormerVersions
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.values.settings import ConsumerSettings


@dataclass(frozen=True)
class PrivacySetup:
    """What a run needs. archive, snapshots: the parts of their own runs.

    requests, certificates: of erasures. consumers: of the stage.
    objects: by folder: `rows`, `claims`, `parked` and `dropped` of the claims bucket, `results` and
        the unreadable ones (see `remaining`) of the archive's.
    former: of both buckets.
    """

    archive: ArchiveSetup
    snapshots: SnapshotSetup
    requests: ObjectFolder
    certificates: ObjectFolder
    objects: Mapping[str, ObjectFolder]
    consumers: Mapping[str, ConsumerSettings]
    former: Sequence[FormerVersions]
