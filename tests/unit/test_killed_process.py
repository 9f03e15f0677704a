"""Own code that exhausts memory or sleeps for ever on one change: that change alone is parked."""

from collections import Counter
from pathlib import Path

import pytest

from shared.values.settings import ConsumerSettings
from tests.worlds.consumer_world import change
from tests.worlds.function_process import FunctionProcess, resident_bytes
from tests.worlds.redrive_world import RedriveWorld

LIMIT = 60_000_000
"""Bytes that one invocation may use beside those of a process that has just begun."""

CODE = """
import time
from pathlib import Path

HERE = Path(__file__).parent


def exhaust():
    held = []
    while True:
        held.append(bytearray(4_000_000))


def sleep():
    (HERE / "asleep").touch()
    time.sleep(600)


def handle(change, context):
    with (HERE / "calls").open("a") as calls:
        calls.write(change.id + "\\n")
    if change.key["id"] == 50 and not (HERE / "fixed").exists():
        {kind}()
"""


class KilledWorld(RedriveWorld):
    """What the function has done is seen from outside, as Lambda sees it."""

    def __init__(self, folder: Path, kind: str, ordering: str) -> None:
        self.folder = folder
        (folder / "deadly_code.py").write_text(CODE.replace("{kind}", kind))
        sink = {"kind": "handler", "function": "deadly_code.handle"}
        settings = ConsumerSettings(
            "search",
            "shop",
            ("shop.items",),
            sink,
            ordering=ordering,  # type: ignore[arg-type]
        )
        self._began: dict[int, int] = {}
        super().__init__(settings)
        parts = {**vars(self.state), "claims": self.claims, "queue": self.queue}
        self.function = FunctionProcess(settings, folder, parts, self.gone_wrong)

    def sink(self, *_: object) -> object:  # type: ignore[override]
        return None  # the function's process has it

    def gone_wrong(self, pid: int) -> bool:
        asleep = self.folder / "asleep"
        if asleep.exists():
            asleep.unlink()
            return True
        used = resident_bytes(pid)
        return used - self._began.setdefault(pid, used) > LIMIT

    def work(self) -> None:
        batch = self.queue.receive()
        if not batch:
            return
        failed = self.function.invoke(batch)
        if failed is not None:
            done = [one.receipt_handle for one in batch if one.message_id not in failed]
            self.queue.delete(done)

    def calls(self) -> Counter[str]:
        return Counter((self.folder / "calls").read_text().split())


@pytest.mark.parametrize(
    ("kind", "ordering"), [("exhaust", "latest-state"), ("sleep", "every-change")]
)
def test_that_change_alone_is_parked(tmp_path: Path, kind: str, ordering: str) -> None:
    world = KilledWorld(tmp_path, kind, ordering)
    for first in range(1, 101, 20):
        world.publish(*(change(n, "u", n) for n in range(first, first + 20)))
    world.publish(*(change(n, "u", n) for n in range(101, 106)), group="h")
    world.drain(3_000)
    (parked,) = world.parked()
    assert (parked.id, parked.error) == ("tx/50", "Killed")
    assert world.mark("g") == (100, 100)
    assert world.mark("h") == (105, 5)
    assert set(world.calls()) == {f"tx/{n}" for n in range(1, 106)}
    assert world.function.kills <= 6
    assert world.calls()["tx/50"] == world.function.kills
    (tmp_path / "fixed").touch()
    assert world.redrive("error=Killed").applied == 1
    assert world.parked() == []
