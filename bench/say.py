"""Say: shows a line of a measurement that is under way."""

from collections.abc import Callable

Say = Callable[[str], None]
