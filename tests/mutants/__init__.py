"""Planted faults of the consumer's runtime, each of which its tests must find (long: one list)."""

from typing import NamedTuple

CONSUME = "shared/flows/consume"
CONSUME_TESTS = "tests/unit/test_consume.py"
PROPERTY = "tests/unit/test_consume_property.py"
EVERY_CHANGE = "tests/unit/test_every_change.py"
FAULTS = "tests/unit/test_consumer_faults.py"
KILLING = "tests/unit/test_killing.py"


class Mutant(NamedTuple):
    """One fault: what the source says, and what it says wrongly.

    tests: one of them must find it. They run in this order until one does.
    """

    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...] = (PROPERTY, CONSUME_TESTS)


MUTANTS = (
    Mutant(
        "the mark is not moved",
        f"{CONSUME}/marks_after_batch.py",
        "refused = self._marks.advance(self._consumer, moves) if moves else set()",
        "refused = set()",
    ),
    Mutant(
        "the mark counts what is settled, seen or not",
        f"{CONSUME}/marks_after_batch.py",
        "if new := [seq for seq in some if seq > mark.seq]:",
        "if new := list(some):",
    ),
    Mutant(
        "a change is a duplicate only of the batch's beginning",
        f"{CONSUME}/seen_changes.py",
        "floors[one.delivery.group] = piece.change.seq",
        "pass",
    ),
    Mutant(
        "the number of the mark is not seen yet",
        f"{CONSUME}/seen_changes.py",
        "piece.change.seq > floors[one.delivery.group]",
        "piece.change.seq >= floors[one.delivery.group]",
    ),
    Mutant(
        "what follows a failed change is settled",
        f"{CONSUME}/batch.py",
        "return self.pieces[:number]",
        "return [one for one in self.pieces if one.outcome and one.outcome.kind != 'failed']",
    ),
    Mutant(
        "what follows a failed message is settled",
        f"{CONSUME}/batch.py",
        "if len(settled) < len(one.pieces):\n            break",
        "if len(settled) < len(one.pieces):\n            continue",
    ),
    Mutant(
        "the messages of a former run count for this one",
        f"{CONSUME}/batch.py",
        'self.delivery.attributes.get("run", run) == run',
        "True",
        (CONSUME_TESTS,),
    ),
    Mutant(
        "deletions are not recorded",
        f"{CONSUME}/sinks/elasticsearch/deletion_recorder.py",
        "if deletions and work.run:",
        "if False:",
    ),
    Mutant(
        "a backfilled row that was deleted since is written",
        f"{CONSUME}/sinks/elasticsearch/deletion_recorder.py",
        "> step.action.version",
        "> 1 << 62",
    ),
    Mutant(
        "outcomes are taken by position among those that were asked",
        f"{CONSUME}/sinks/elasticsearch/latest_state.py",
        "for (where, step), result in zip(chunk, results, strict=True):\n"
        '                    if result.kind == "refused":',
        "for (where, step), result in zip(chunk, results[::-1], strict=True):\n"
        '                    if result.kind == "refused":',
    ),
    Mutant(
        "a redriven change ignores that its row is newer",
        f"{CONSUME}/row_items.py",
        "held.newest < change.seq:",
        "held.newest > change.seq:",
    ),
    Mutant(
        "a parked change has no row item",
        f"{CONSUME}/parking.py",
        "rows.begin(one.delivery.group, piece.change, self._mode)",
        "pass",
    ),
    Mutant(
        "the row items are stored behind the parked change only",
        f"{CONSUME}/parking.py",
        "        try:\n            rows.save()\n",
        "        try:\n            pass\n",
        (PROPERTY, EVERY_CHANGE),
    ),
    Mutant(
        "a change is parked before its row's item is whole",
        f"{CONSUME}/parking.py",
        "            rows.save_begun(",
        "            list(",
        (EVERY_CHANGE, FAULTS),
    ),
    Mutant(
        "a row that nothing proves closed stays closed",
        f"{CONSUME}/row_items.py",
        "        if not unsure:\n            return\n",
        "        return\n",
        (FAULTS,),
    ),
    Mutant(
        "rows that hold nothing stay",
        "shared/domain/leftover_row_items.py",
        "if row.row not in held])",
        "if row.row in held and False])",
        (EVERY_CHANGE, FAULTS),
    ),
    Mutant(
        "the watch removes the row of a parked change",
        "shared/domain/leftover_row_items.py",
        "if row.row not in held])",
        "])",
        (EVERY_CHANGE, FAULTS),
    ),
    Mutant(
        "the watch removes a row that a function is about to park",
        "shared/flows/watch/leftover_row_removal.py",
        "setup.now_ms - UNTOUCHED_MS",
        "setup.now_ms",
        (FAULTS,),
    ),
    Mutant(
        "later changes of a closed row do not wait",
        f"{CONSUME}/closed_rows.py",
        "    return rows.is_closed(*row_id(group, change))",
        "    return False",
        (EVERY_CHANGE,),
    ),
    Mutant(
        "a truncation does not wait for the rows of its group",
        f"{CONSUME}/closed_rows.py",
        "return rows.any_is_closed(group)",
        "return False",
        (EVERY_CHANGE,),
    ),
    Mutant(
        "the progress of a batch is not recorded",
        f"{CONSUME}/marks_during_batch.py",
        "if self._noted - left < SECONDS:",
        "if True:",
        (EVERY_CHANGE,),
    ),
    Mutant(
        "the progress passes a refused change",
        f"{CONSUME}/marks_during_batch.py",
        'outcome.kind == "refused" and not piece.parked',
        "False",
        (EVERY_CHANGE,),
    ),
    Mutant(
        "the progress passes a failed change",
        f"{CONSUME}/marks_during_batch.py",
        'outcome is None or outcome.kind == "failed"',
        "outcome is None",
        (EVERY_CHANGE,),
    ),
    Mutant(
        "what follows a failure in its group is tried",
        f"{CONSUME}/closed_rows.py",
        'if piece.outcome is None or piece.outcome.kind == "failed":\n                    del',
        "if piece.outcome is None:\n                    del",
        (EVERY_CHANGE,),
    ),
    Mutant(
        "a redrive forgets a change that the sink refused again",
        f"{CONSUME}/redrive_commands.py",
        'outcomes[change] = "again"',
        'outcomes[change] = "applied"',
        (PROPERTY, "tests/unit/test_redrive.py"),
    ),
    Mutant(
        "a command does not wait for the changes before it",
        f"{CONSUME}/redrive_commands.py",
        "rows.read(opened)",
        "pass",
    ),
    Mutant(
        "the gate is ignored",
        f"{CONSUME}/consume.py",
        "if not start.gate.is_open:",
        "if False:",
        ("tests/unit/test_gate.py::test_a_pause_holds_whatever_happens_and_a_resume_ends_it",),
    ),
    Mutant(
        "a probe parks",
        f"{CONSUME}/probe_batch.py",
        'piece.outcome.kind == "refused" and not piece.joined',
        "False",
        ("tests/unit/test_gate.py::test_a_probe_parks_nothing_and_a_refusal_is_an_answer",),
    ),
    Mutant(
        "a begun group is not recorded",
        f"{CONSUME}/begun_groups.py",
        "self._with.hands.begin(self._with.consumer, dict.fromkeys(sorted(again), started))",
        "pass",
        (KILLING,),
    ),
    Mutant(
        "an ended group stays recorded",
        f"{CONSUME}/begun_groups.py",
        "self._with.hands.end(self._with.consumer, self._begun)",
        "pass",
        (KILLING,),
    ),
    Mutant(
        "a sink that hangs is taken for changes that kill",
        f"{CONSUME}/killing_change.py",
        "if tries >= KILLS - 1 and not proved:",
        "if False:",
        ("tests/unit/test_slow_or_killing.py",),
    ),
    Mutant(
        "what a handle that has expired brought is touched",
        f"{CONSUME}/batch_visibility.py",
        "lost = {one.group for one in old if one.receipt_handle in refused}",
        "lost = set()",
        ("tests/unit/test_visibility.py",),
    ),
    Mutant(
        "a refused change is tried again behind a later one of its row",
        f"{CONSUME}/refusal_retries.py",
        "row not in later",
        "True",
        ("tests/unit/test_repeating.py",),
    ),
)
