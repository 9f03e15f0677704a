"""The event with which a binlog file begins."""

_CREATED = 52
"""When the server began the file because it was started, 0 in files that it rotated to.

Source: MySQL source documentation, "Format_description_event".
"""


def is_of_start(body: bytes) -> bool:
    """Whether the server began the file because it was started."""
    return any(body[_CREATED : _CREATED + 4])
