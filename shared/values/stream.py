"""Stream: a source read by one relay. The first relay's stream has the name of its source; that of
a further one is `SOURCE/RELAY`.

So whatever belongs to a source and not to one of its relays (message groups, schemas, who may write
to the state table) can be told from a stream's name.
"""


def stream_of(name: str, relay_of: str = "") -> str:
    """The stream of the entry `name` of `sources:`, which may be one more relay of another."""
    return f"{relay_of}/{name}" if relay_of else name


def source_of(stream: str) -> str:
    """The source that a stream is read from."""
    return stream.partition("/")[0]


def relay_of(stream: str) -> str:
    """The entry of `sources:` whose relay reads the stream, which is what the user calls it."""
    return stream.rpartition("/")[2]
