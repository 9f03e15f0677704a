import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws_setup import create_state_table, create_topic_and_queue

from .process import Stack


@pytest.fixture
def stack(aws: dict[str, str]) -> Callable[..., Stack]:
    """`stack(url, "shop.items")`: a topic, a queue subscribed to it and a state table of this
    test's own, for a source and its captured tables.
    """

    def made(url: str, *tables: str, **settings: Any) -> Stack:
        name = f"faults-{uuid.uuid4().hex[:8]}"
        topic, queue = create_topic_and_queue(name)
        create_state_table(name)
        return Stack(
            url, {table: {"shards": 16, **settings} for table in tables}, topic, queue, name
        )

    return made
