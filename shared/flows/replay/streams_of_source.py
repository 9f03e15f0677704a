"""The streams of a source."""

from shared.values.settings import SourceSettings


def streams_of(source: SourceSettings) -> list[str]:
    """The streams that carry tables of a source, all of its relays taken together."""
    return sorted({source.stream, *source.elsewhere.values()})
