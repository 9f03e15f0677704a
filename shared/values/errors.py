"""Errors for people: the event, the thing, and the next step."""


class RowlineError(Exception):
    """Base of every error that Rowline raises on purpose.

    what: the event, as a sentence or as its predicate after the thing.
    thing: a table, a host, or a path in the stanza.
    hint: the next step.

    The command prints the three as one paragraph and exits with `exit_code`. A stack trace means a
    bug.
    """

    exit_code = 1

    def __init__(self, what: str, *, thing: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.thing, self.hint = what, thing, hint

    def __str__(self) -> str:
        head = f"{self.thing}: {self.what}" if self.thing else self.what
        return f"{head} {self.hint}".rstrip()


class ConfigError(RowlineError):
    """A stanza, option or environment variable is wrong."""

    exit_code = 2


class Outage(RowlineError):
    """A system did not answer; the same request may succeed later.

    An outage is never a subclass of a permanent error: code that handles a refusal must not take
    an outage for one.
    """


class SourceError(RowlineError):
    """The database cannot be read: access, settings, or an event that must not be skipped."""


class SourceUnavailable(Outage):
    """The database did not answer or cut the connection."""


class PositionLost(SourceError):
    """The server no longer has the binlog that the checkpoint points into."""


class LeaseLost(RowlineError):
    """Another relay holds the stream's lease; nothing may be published any more."""

    @classmethod
    def of(cls, stream: str) -> "LeaseLost":
        return cls(
            "another relay has taken over.",
            thing=f"stream {stream}",
            hint="Nothing was lost: it continues from the checkpoint. See rowline status.",
        )


class TopicError(RowlineError):
    """The topic refused a message for good (policy, size, missing topic)."""


class SearchError(RowlineError):
    """Elasticsearch refused a request for good: authentication, missing index, bad mapping file."""


class SearchUnavailable(Outage):
    """Elasticsearch is down, overloaded or too slow; nothing is wrong with the changes."""


class StackError(RowlineError):
    """The deployed stack is missing or lacks something."""


class SecretUnavailable(Outage):
    """Secrets Manager did not answer."""


class StateUnavailable(Outage):
    """DynamoDB or S3 did not answer or throttled."""
