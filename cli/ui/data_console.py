"""A console that prints data: a control character in it cannot command the terminal."""

import re
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls but for tab and line end, and the marks that change the direction of a text."""


class DataConsole(Console):
    """Shows control characters as escapes. Whoever writes a row or raises an error chooses them."""

    def render_str(self, text: str, **how: Any) -> Text:
        """A text of its own, or of a cell, whose width is measured."""
        return super().render_str(_CONTROL.sub(_escaped, text), **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Everything, such as the note of a progress line."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=_CONTROL.sub(_escaped, segment.text))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
