"""Chunks shrink where rows are large, and grow again behind them."""

from random import Random
from typing import Any

import pytest

from shared.domain.chunk_size import CHUNK_BYTES, ChunkSize
from shared.flows.backfill.backfill import Backfill
from shared.flows.verify.verify import Verify
from tests.worlds.backfill_world import BackfillWorld

MOST = 100


def test_a_stretch_of_large_rows_makes_chunks_small_until_it_is_over() -> None:
    size = ChunkSize(5_000, row_bytes=100)
    assert size.rows == 5_000
    asked = []
    for read in (5_000, 11, 7, 14, 28):
        size.note(read)
        asked.append(size.rows)
    assert asked == [5_000, 22, 14, 28, 56]
    while size.rows < 5_000:
        size.note(size.rows)
        asked.append(size.rows)
    assert len(asked) < 15
    size.note(0)
    assert size.rows == 10


def test_rows_that_are_large_on_average_make_small_chunks_from_the_beginning() -> None:
    assert ChunkSize(5_000, CHUNK_BYTES // 200).rows == 200
    assert ChunkSize(5_000, 10 * CHUNK_BYTES).rows == 50
    assert ChunkSize(30, 0).rows == 30


@pytest.mark.parametrize("job", [Backfill, Verify])
def test_a_job_asks_for_many_rows_again_behind_large_ones(job: type[Backfill | Verify]) -> None:
    world = BackfillWorld(Random(1), keys=3 * MOST)
    world.pace = {world.commit: 1}
    if job is Verify:
        world.backfill()
    real, asked = world.database.chunk, list[int]()

    def chunk(*args: Any, **options: Any) -> list[dict[str, Any]]:
        """The database gives two rows at once of the first twenty."""
        *others, limit = args
        asked.append(limit)
        after = others[2]
        few = after is None or after[0] < 20
        return real(*others, min(limit, 2) if few else limit, **options)

    world.database.chunk = chunk  # type: ignore[method-assign]
    job(world.setup(), chunk_rows=MOST).run()
    assert min(asked) == 10
    assert MOST in asked[5:], asked
