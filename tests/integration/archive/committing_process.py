"""`python -m …committing_process BUCKET DATABASE`: commits until it is killed."""

import sys
import time

from shared.adapters.lake.contract import OutcomeUnknown, Overtaken
from tests.integration.archive.conftest import ArchivePlace


def main(bucket: str, database: str) -> None:
    place = ArchivePlace(bucket, database)
    committer = place.committer
    print("ready", flush=True)
    while True:
        try:
            committer.run(lambda: 300)
        except (OutcomeUnknown, Overtaken) as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
