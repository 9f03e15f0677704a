import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws_setup import create_state_table, create_topic_and_queue

from .process import RelayPlace


@pytest.fixture
def stack(aws: dict[str, str]) -> Callable[..., RelayPlace]:
    """`stack(url, "shop.items")`: a topic, a queue subscribed to it and a state table of this
    test's own, for a source and its captured tables.
    """

    def made(url: str, *tables: str, **settings: Any) -> RelayPlace:
        name = f"faults-{uuid.uuid4().hex[:8]}"
        topic, queue = create_topic_and_queue(name)
        create_state_table(name)
        return RelayPlace(
            url, {table: {"shards": 16, **settings} for table in tables}, topic, queue, name
        )

    return made
