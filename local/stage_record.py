"""What a local stage leaves for later commands: `.local/NAME/stage.json`, closed to other users."""

import os
from pathlib import Path

import msgspec

from local.home import CHECKOUT, checked_name
from shared.values.errors import RowlineError


class StageRecord(msgspec.Struct):
    """A stage as `up` left it.

    base: The folder that holds the folders of its servers.
    elsewhere: URLs of the parts that its user runs elsewhere, by part.
    environment: The variables that point the command, a deploy and AWS clients at it. They hold
        passwords.
    """

    base: str
    elsewhere: dict[str, str]
    environment: dict[str, str] = msgspec.field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the record into `folder`, whole or not at all."""
        path = folder / "stage.json"
        new = path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
        new.rename(path)


def read(name: str, checkout: Path = CHECKOUT) -> StageRecord:
    """The record of the stage `name`. Raises RowlineError if there is none."""
    path = checkout / ".local" / checked_name(name) / "stage.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=StageRecord)
    except FileNotFoundError:
        raise RowlineError(
            "is not up.", thing=f"local stage {name}", hint="Start it with `rowline local up`."
        ) from None


def read_all(checkout: Path = CHECKOUT) -> dict[str, StageRecord]:
    """The records of all stages of the checkout, by name."""
    names = [path.parent.name for path in (checkout / ".local").glob("*/stage.json")]
    return {name: read(name, checkout) for name in sorted(names)}
