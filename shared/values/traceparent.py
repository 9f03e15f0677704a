"""Traceparent: names the trace of a message, and the segment that published it.

Source: W3C Trace Context, "traceparent Header". X-Ray writes the same trace id as `1-` and its
first eight digits, which are the second in which it began, `-`, and the rest (X-Ray developer
guide, "Tracing header").
"""

import re

import msgspec

_TEXT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

LENGTH = 55
"""Of the text."""


class Traceparent(msgspec.Struct, frozen=True):
    """The trace of a message that is traced.

    trace: its id, 32 hexadecimal digits.
    segment: the id of the segment that published the message, 16 hexadecimal digits.
    """

    trace: str
    segment: str

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.segment}-01"

    @property
    def xray(self) -> str:
        """The trace id as X-Ray writes it."""
        return xray_id(self.trace)


def xray_id(trace: str) -> str:
    """The trace id of 32 digits as X-Ray writes it."""
    return f"1-{trace[:8]}-{trace[8:]}"


def read(text: str | None) -> Traceparent | None:
    """The trace that a message names; None for a message that is not traced."""
    found = _TEXT.fullmatch(text or "")
    return Traceparent(found[1], found[2]) if found and int(found[3], 16) & 1 else None
