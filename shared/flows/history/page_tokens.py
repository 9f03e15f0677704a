"""Page tokens: an answer names the page after it by the place at which it ended."""

import base64
from typing import TypeVar

import msgspec

from shared.values.errors import ConfigError

T = TypeVar("T")
MOST = 1_000
"""Rows of a page."""


def checked_size(most: int) -> int:
    """`most`, if a page may have this many rows. Raises ConfigError."""
    if not 1 <= most <= MOST:
        raise ConfigError(
            "is out of range.", thing=f"limit {most}", hint=f"Write a number from 1 to {MOST}."
        )
    return most


def page_token(place: object) -> str:
    """The name of the page after a place."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(page: str, kind: type[T]) -> T | None:
    """The place in a page's name; None: the first page. Raises ConfigError for another name."""
    if not page:
        return None
    try:
        return msgspec.json.decode(
            base64.urlsafe_b64decode(page + "=" * (-len(page) % 4)), type=kind
        )
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise ConfigError(
            "is no page of this question.",
            thing=f"page {page[:100]!r}",
            hint="Use `next` of the answer before.",
        ) from None
