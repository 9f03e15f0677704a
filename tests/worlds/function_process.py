"""A consumer's function as a process of its own, which can be killed at any point.

State, claims and queue stay in the process of the test: what a function has stored survives it.
"""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from shared.adapters.state.state import State
from shared.flows.consume import sinks
from shared.flows.consume.consume import Consume
from shared.values.delivery import Delivery
from shared.values.settings import ConsumerSettings

POLL_SECONDS = 0.01


class FunctionProcess:
    """Runs invocations.

    settings: of a consumer whose sink is a handler. folder: of its code.
    parts: the stores of the state by their names, and `claims` and `queue`.
    gone_wrong: whether Lambda would kill the process with this id now.
    """

    def __init__(
        self,
        settings: ConsumerSettings,
        folder: Path,
        parts: dict[str, Any],
        gone_wrong: Callable[[int], bool],
    ) -> None:
        self._settings, self._folder, self._parts = settings, folder, parts
        self._gone_wrong = gone_wrong
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self.kills = 0

    def invoke(self, batch: Sequence[Delivery]) -> list[str] | None:
        """The ids of the messages that failed; None when the process was killed."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(theirs, self._settings, str(self._folder), [*self._parts], batch)
        )
        process.start()
        theirs.close()
        try:
            return self._serve(ours, process)
        finally:
            process.kill()
            process.join()
            ours.close()

    def _serve(self, ours: Connection, process: Any) -> list[str] | None:
        while True:
            while not ours.poll(POLL_SECONDS):
                if self._gone_wrong(process.pid):
                    self.kills += 1
                    return None
                assert process.is_alive() or ours.poll(0), "the process ended by itself"
            part, name, args, kwargs = ours.recv()
            if not part:
                return list(args)
            ours.send(_answer(self._parts[part], name, args, kwargs))


def resident_bytes(pid: int) -> int:
    """The memory that a process has in use. Source: proc(5), "/proc/pid/statm"."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def _answer(part: Any, name: str, args: Any, kwargs: Any) -> tuple[Any, BaseException | None]:
    try:
        found = getattr(part, name)(*args, **kwargs)
        return (list(found) if isinstance(found, Iterator) else found), None
    except Exception as error:  # noqa: BLE001 (raised again in the other process)
        return None, error


class _Remote:
    """A part that is in the process of the test."""

    def __init__(self, ours: Connection, part: str) -> None:
        self._ours, self._part = ours, part

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._ours.send((self._part, name, args, kwargs))
            found, error = self._ours.recv()
            if error is not None:
                raise error
            return found

        return call


def _work(
    ours: Connection,
    settings: ConsumerSettings,
    folder: str,
    parts: list[str],
    batch: Sequence[Delivery],
) -> None:
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    remote = {name: _Remote(ours, name) for name in parts}
    claims, queue = remote.pop("claims"), remote.pop("queue")
    state: Any = State(**remote)  # type: ignore[arg-type]
    around: Any = type("Around", (), {"consumer": settings, "state": state})()
    consume = Consume(settings, sinks.build(around), state, claims, queue, "v1")  # type: ignore[arg-type]
    failed = consume.handle(batch, lambda: 60.0).failed
    ours.send(("", "", failed, {}))
    ours.recv()  # until the test has read it
