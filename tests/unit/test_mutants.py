"""The consumer's tests find every fault that is planted in its runtime."""

from pathlib import Path

import pytest

from tests.mutants import MUTANTS, Mutant
from tests.mutants.trying import ROOT, finds, plant
from tests.tier import TIER

# While tests are collected, so that whoever changes such a line learns it at once.
for each in MUTANTS:
    if (ROOT / each.file).read_text().count(each.right) != 1:
        raise AssertionError(f"{each.name}: write its text as it is in {each.file} now")


@pytest.mark.soak
@pytest.mark.parametrize("mutant", MUTANTS[: TIER.mutants], ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_found(mutant: Mutant, tmp_path: Path) -> None:
    plant(mutant, tmp_path)
    found, said = finds(mutant.tests, tmp_path)
    assert found, f"its tests pass: {said}"


def test_without_a_fault_the_same_tests_pass(tmp_path: Path) -> None:
    none = MUTANTS[0]._replace(wrong=MUTANTS[0].right)
    plant(none, tmp_path)
    found, said = finds(none.tests[:1], tmp_path)
    assert not found, said
