"""JSON lines: each change that is newer than what the file holds of its row is a line in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shared.domain.sink import Arrival, Outcome, Slice, Surroundings
from shared.values.errors import Outage

RowName = tuple[str, str]
"""Table and key of a row."""


class Settings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="jsonlines"
):
    """path: of the file. longest: characters of a line; a longer one is refused."""

    path: str
    longest: int = 10_000


class WrittenLine(msgspec.Struct):
    """One change as it is written; `after` is empty when the row is gone."""

    seq: int
    op: str
    table: str
    key: str
    after: dict[str, Any] | None


def read(path: Path) -> dict[RowName, WrittenLine]:
    """The newest line of each row."""
    newest: dict[RowName, WrittenLine] = {}
    for text in path.read_text().splitlines() if path.exists() else ():
        line = msgspec.json.decode(text, type=WrittenLine)
        if line.op == "t":
            older = (each for each in newest.values() if each.table == line.table)
            for each in [each for each in older if each.seq < line.seq]:
                newest[each.table, each.key] = msgspec.structs.replace(each, after=None)
        else:
            newest[line.table, line.key] = line
    return newest


class JsonLines:
    def __init__(self, settings: Settings) -> None:
        self._path, self._longest = Path(settings.path), settings.longest

    def probe(self) -> str:
        if not self._path.parent.is_dir():
            raise Outage("is not there.", thing=str(self._path.parent), hint="Make this folder.")
        return ""

    def apply(self, slice: Slice) -> list[Outcome]:
        if not slice.may_go_on():
            return [Outcome("failed", "the function's time was over")] * len(slice.arrivals)
        try:
            newest = read(self._path)
            outcomes = [self._outcome(each, newest) for each in slice.arrivals]
            with self._path.open("a") as file:
                file.writelines(self._new_lines(slice, outcomes))
        except OSError as error:
            return [Outcome("failed", type(error).__name__)] * len(slice.arrivals)
        return outcomes

    def _outcome(self, arrival: Arrival, newest: dict[RowName, WrittenLine]) -> Outcome:
        line = _line(arrival)
        held = newest.get((line.table, line.key))
        if held is not None and held.seq > line.seq:
            return Outcome("superseded")
        if len(msgspec.json.encode(line)) > self._longest:
            return Outcome("refused", f"longer than {self._longest} characters")
        newest[line.table, line.key] = line
        return Outcome("applied")

    def _new_lines(self, slice: Slice, outcomes: list[Outcome]) -> Iterator[str]:
        for arrival, outcome in zip(slice.arrivals, outcomes, strict=True):
            if outcome.kind == "applied":
                yield msgspec.json.encode(_line(arrival)).decode() + "\n"


def _line(arrival: Arrival) -> WrittenLine:
    change = arrival.change
    key = msgspec.json.encode(change.key).decode() if change.op != "t" else ""
    return WrittenLine(change.seq, change.op, arrival.message.full_name, key, change.after)


def build(settings: Settings, around: Surroundings) -> JsonLines:
    return JsonLines(settings)
