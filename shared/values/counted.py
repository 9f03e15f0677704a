"""Counted: a number with its noun, as people read it."""


def counted(number: int, noun: str) -> str:
    """`1 row`, `1,200 rows`. noun: in the singular; its plural ends in s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
