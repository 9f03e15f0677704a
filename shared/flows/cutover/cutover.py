"""Cutover: exchanges the indexes of each pair, finishes them, or gives the new ones up."""

import msgspec

from shared.domain.alias_takeover import Takeover
from shared.flows.cutover.swap_conditions import require_level, require_step, seconds_to_wait
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.running_invocations import await_functions
from shared.flows.jobs.storing_pairs import store_pairs, takeover_of
from shared.values.errors import ConfigError, StackError
from shared.values.index_pair import NO_PAIRS, IndexPairs
from shared.values.job import CutoverWork
from shared.values.progress import Progress

_POLL_SECONDS = 1.0


class CutoverReport(msgspec.Struct, frozen=True):
    """What a cutover did.

    step: `cutover`, `rollback`, `finish` or `abandon`.
    aliases: alias → the index that it leads to now. left: the other index of each.
    counts: alias → documents of the former and of the new index, before the exchange.
    parked: changes that were parked. paused: seconds that their move took; readers saw
        what was new meanwhile.
    """

    consumer: str
    step: str
    aliases: dict[str, str]
    left: list[str]
    counts: dict[str, tuple[int, int]]
    parked: int
    paused: float


class Cutover:
    """One step of a cutover. A kill between any two of its calls lets the next slice repeat it."""

    def __init__(self, setup: JobSetup) -> None:
        assert setup.tenure, "a cutover runs in the jobs function alone"
        self._setup, self._tenure = setup, setup.tenure
        self._consumer, self._pairs = setup.consumer.name, setup.state.pairs

    def run(self) -> CutoverReport:
        """Do the step that the job asks for.

        Raises ConfigError when there is nothing to do, StackError when something is in the way, and
        the errors of the sink's adapter.
        """
        with self._tenure.kept():
            held = self._pairs.read(self._consumer)
            step = self._work.step
            if step in ("cutover", "rollback"):
                report = self._exchanged(held, back=step == "rollback")
            else:
                report = self._ended(held)
            outcome = f"{step}: {', '.join(f'{a} leads to {i}' for a, i in report.aliases.items())}"
            self._tenure.end(outcome, msgspec.to_builtins(report))
            return report

    @property
    def _work(self) -> CutoverWork:
        assert isinstance(self._tenure.job.work, CutoverWork)
        return self._tenure.job.work

    def _exchanged(self, held: IndexPairs, *, back: bool) -> CutoverReport:
        takeover, work = takeover_of(self._setup), self._work
        if not work.version:
            require_step(self._consumer, held, back=back)
            self._require_level(takeover, held)
            held, work = self._prepared(takeover, held)
        if held.version == work.version:
            permit = str(self._tenure.job.token)
            paused = takeover.exchange(
                held.pairs, permit, lambda: self._tenure.save(self._tenure.job.work)
            )
            self._tenure.save(msgspec.structs.replace(work, paused=max(work.paused, paused)))
            held = store_pairs(self._setup, held.exchanged(self._setup.now_ms()))
        return self._report(held, self._work)

    def _prepared(self, takeover: Takeover, held: IndexPairs) -> tuple[IndexPairs, CutoverWork]:
        """Let `beside` show each change first, until no function works in another way any more."""
        if not held.shown_first:
            held = store_pairs(self._setup, msgspec.structs.replace(held, shown_first=True))
        try:
            self._await_killed(held)
            self._wait("every function shows changes in the new index first", held.version)
            parked = self._require_level(takeover, held)
            counts = takeover.counts(held.pairs)
        except (ConfigError, StackError):
            store_pairs(self._setup, msgspec.structs.replace(held, shown_first=False))
            raise
        work = msgspec.structs.replace(
            self._work, parked=parked, counts=counts, version=held.version
        )
        self._tenure.save(work)
        return held, work

    def _await_killed(self, held: IndexPairs) -> None:
        """Wait until what a function was killed with at the last exchange has come again.

        The later wait for the functions is a part of that time.
        """
        what = "changes that a function was killed with at the last cutover have come again"
        while left := seconds_to_wait(held, self._setup.queue, self._setup.now_ms()):
            self._tenure.moved()
            self._show(f"waiting {left:.0f} s until {what}")
            self._tenure.polling.sleep(_POLL_SECONDS)

    def _require_level(self, takeover: Takeover, held: IndexPairs) -> int:
        parked = self._setup.state.parked
        return require_level(self._consumer, takeover, held, parked, self._work.accept)

    def _ended(self, held: IndexPairs) -> CutoverReport:
        takeover, work = takeover_of(self._setup), self._work
        if not work.pairs:
            if not held.pairs or (work.step == "finish" and not held.cut):
                raise ConfigError(
                    "has no cutover to finish." if work.step == "finish" else "has no new index.",
                    thing=f"consumer {self._consumer}",
                    hint="See docs/cutover.md for the steps.",
                )
            if work.step == "abandon" and held.cut:
                raise ConfigError(
                    "was cut over.",
                    thing=f"consumer {self._consumer}",
                    hint="Roll it back first: --rollback. Or finish it: --finish.",
                )
            work = msgspec.structs.replace(work, pairs=held.pairs)
            self._tenure.save(work)
        if held.pairs:
            store_pairs(self._setup, msgspec.structs.replace(NO_PAIRS, version=held.version))
        self._wait("no function writes to both any more")
        takeover.end(work.pairs)
        return CutoverReport(
            self._consumer,
            work.step,
            {alias: pair.serving for alias, pair in work.pairs.items()},
            [pair.beside for pair in work.pairs.values()],
            {},
            0,
            0.0,
        )

    def _show(self, note: str) -> None:
        self._tenure.show(Progress(note=note))

    def _wait(self, until: str, version: int = 0) -> None:
        await_functions(self._setup, self._tenure, self._show, until, version)

    def _report(self, held: IndexPairs, work: CutoverWork) -> CutoverReport:
        return CutoverReport(
            self._consumer,
            work.step,
            {alias: pair.serving for alias, pair in held.pairs.items()},
            [pair.beside for pair in held.pairs.values()],
            work.counts,
            work.parked,
            work.paused,
        )
