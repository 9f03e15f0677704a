"""The running local stage as a deployed stage sees it: the variables that lead to its servers.

`rowline local up` writes them to `.local/stage/stage.json` of the checkout. They are read here, so
that no command but `rowline local` loads the code that runs servers.
"""

import json
from pathlib import Path

from shared.values.errors import RowlineError

RECORD = Path(__file__).resolve().parents[1] / ".local/stage/stage.json"


def environment(record: Path = RECORD) -> dict[str, str]:
    """Variables that point AWS clients and Rowline at the local stage; they hold a password.

    Raises RowlineError if it is not up.
    """
    try:
        return dict(json.loads(record.read_text())["environment"])
    except (FileNotFoundError, KeyError):
        raise RowlineError(
            "is not up.", thing="the local stage", hint="Start it with `rowline local up`."
        ) from None
