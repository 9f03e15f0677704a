"""Stream: a source read by one relay.

The first relay's stream has its source's name; that of a further relay is `SOURCE/RELAY`. A
stream's name therefore shows what belongs to the source and not to one relay: message groups,
schemas, and the right to write to the state table.
"""


def stream_of(name: str, relay_of: str = "") -> str:
    """The stream of the entry `name` of `sources:`, which may be one more relay of another."""
    return f"{relay_of}/{name}" if relay_of else name


def source_of(stream: str) -> str:
    """The source that a stream is read from."""
    return stream.partition("/")[0]


def relay_of(stream: str) -> str:
    """The entry of `sources:` whose relay reads the stream: the name that its user gave."""
    return stream.rpartition("/")[2]
