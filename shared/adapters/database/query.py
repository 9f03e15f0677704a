"""Query: sends one statement with its arguments to the source, and returns the rows."""

from collections.abc import Callable
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
