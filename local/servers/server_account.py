"""The user that runs the servers: MariaDB, MySQL and Elasticsearch refuse to run as root."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.home import CHECKOUT, traversable_by_others
from shared.values.errors import RowlineError

# The range that systemd keeps for its own throw-away users (DynamicUser=): no person and no package
# has a number in it. https://systemd.io/UIDS-GIDS/
_FIRST, _COUNT = 61184, 4335


@dataclass(frozen=True)
class ServerAccount:
    """The user that a server runs as.

    uid: Its number, or None for the user of this process.
    """

    uid: int | None

    def popen_options(self) -> dict[str, Any]:
        """Arguments for `subprocess`, which switches the user before it starts the program."""
        return {} if self.uid is None else {"user": self.uid, "group": self.uid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make `folder` if it is missing, and give it and its content to the account.

        Raises RowlineError if the account cannot reach it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if self.uid is None:
            return
        if not traversable_by_others(folder.parent):
            raise RowlineError(
                "cannot be reached by the user that the server runs as.",
                thing=str(folder),
                hint=(
                    "Root's servers run as another user: choose a folder that others may traverse."
                ),
            )
        for parent, _, files in os.walk(folder):
            for path in (parent, *(os.path.join(parent, file) for file in files)):
                shutil.chown(path, self.uid, self.uid)


def server_account(checkout: Path = CHECKOUT) -> ServerAccount:
    """The account for the servers of `checkout`.

    As root each checkout has a number of its own, so two clones cannot touch each other's files.
    """
    if os.geteuid() != 0:
        return ServerAccount(None)
    digest = hashlib.sha256(str(checkout).encode()).digest()
    return ServerAccount(_FIRST + int.from_bytes(digest[:4], "big") % _COUNT)
