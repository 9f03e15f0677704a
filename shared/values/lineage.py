"""Lineage: which servers a stream was read from, and what its journal still says of them."""

import msgspec

from shared.values.position import Position


class ServerRun(msgspec.Struct, frozen=True):
    """One run of a server process.

    server: identity of the server.
    started: when it was started, Unix seconds of its own clock.
    wrote_on: beginning of the first binlog file that it wrote since then.
    """

    server: str
    started: int = 0
    wrote_on: Position = Position()


class Lineage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server that is read, and what is known of the ones before it.

    server: identity of the server that is read.
    started: when that server was started, Unix seconds of its own clock.
    wrote_on: beginning of the first binlog file that it wrote since then.
    journal: last page of the journal that was written before the checkpoint.
    changed: pages up to this one describe the server before, or this one before it was restored.
    agreed: up to here both servers of the last change agree.
    cut: pages up to this one say nothing about any server that may answer.
    """

    server: str
    started: int = 0
    wrote_on: Position = Position()
    journal: int = 0
    cut: int = 0
    changed: int = 0
    agreed: Position = Position()

    @classmethod
    def begin(cls, run: ServerRun) -> "Lineage":
        """A stream that was never read."""
        return cls(run.server, run.started, run.wrote_on)

    def restarted(self, run: ServerRun) -> "Lineage":
        """The same server was started again, and lacks nothing that was published."""
        return msgspec.structs.replace(self, started=run.started, wrote_on=run.wrote_on)

    def replaced(self, run: ServerRun, page: int, agreed: Position) -> "Lineage":
        """Another server took its place, or the same one was restored to an earlier point.

        page: last page of the journal.
        agreed: up to here the server has what was published.
        """
        return msgspec.structs.replace(
            self,
            server=run.server,
            started=run.started,
            wrote_on=run.wrote_on,
            changed=page,
            agreed=agreed,
        )

    @classmethod
    def cut_off(cls, run: ServerRun, page: int, start: Position) -> "Lineage":
        """Reading begins at `start`, a place that a person chose: nothing before it can be proved.

        page: last page of the journal.
        """
        return cls(run.server, run.started, run.wrote_on, page, page, page, start)

    def noted(self, page: int) -> "Lineage":
        """The lineage with the journal written up to `page`."""
        return self if page == self.journal else msgspec.structs.replace(self, journal=page)
