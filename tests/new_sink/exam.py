"""The entry of tests/contract/sinks.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import msgspec
from shared.flows.consume.sinks.jsonlines import read

from tests.contract.sinks import EXAMS, Exam


class JsonLinesExam(Exam):
    kind = "jsonlines"
    refused: ClassVar[dict[str, Any] | None] = {"title": "x" * 10_000}

    def stanza(self) -> dict[str, Any]:
        return {"path": str(self.folder / "there" / "rows.jsonl")}

    def held(self, table: str = "items") -> dict[int, dict[str, Any]]:
        lines = read(self.folder / "there" / "rows.jsonl").values()
        mine = [each for each in lines if each.table == f"shop.{table}" and each.after]
        return {msgspec.json.decode(each.key)["id"]: each.after for each in mine}

    def sink(self) -> Any:
        if not (self.folder / "away").exists():
            (self.folder / "there").mkdir(exist_ok=True)
        return super().sink()

    @contextmanager
    def outage(self) -> Iterator[None]:
        (self.folder / "there").mkdir(exist_ok=True)
        (self.folder / "there").rename(self.folder / "away")
        yield
        (self.folder / "away").rename(self.folder / "there")


EXAMS.append(JsonLinesExam)
