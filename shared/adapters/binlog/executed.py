"""Which transactions a server has, asked by GTID: what decides what a fail-over or a restore has
lost.
"""

from collections.abc import Iterable
from typing import Protocol

from shared.adapters.binlog.gtid import MysqlGtids


class Executed(Protocol):
    """The transactions of one server.

    gtid: one transaction (`UUID:7`, `0-1-7`). gtids: those before a place.
    """

    def has(self, gtid: str) -> bool: ...

    def covers(self, gtids: str) -> bool:
        """Whether everything before the place is here."""
        ...

    def missing(self, gtids: str) -> str:
        """The missing part of `gtids`, as text; "" if nothing is missing."""
        ...

    def before(self, gtids: str) -> "Executed":
        """The executed transactions before a place in a binlog."""
        ...

    def joined(self, gtids: str, also: Iterable[str]) -> str:
        """The place after `gtids` and after every one of `also`."""
        ...

    def common(self, gtids: str, also: Iterable[str]) -> str:
        """The last place before the place `gtids` that this server has too.

        Reading from there skips nothing; "" when it cannot be told.
        also: GTIDs that lie before `gtids` and that this server has.
        """
        ...


class MysqlExecuted:
    """Executed transactions as sets: a GTID names one transaction of one server."""

    def __init__(self, gtids: str) -> None:
        self._here = MysqlGtids.parse(gtids)

    def has(self, gtid: str) -> bool:
        return self._here.contains(MysqlGtids.parse(gtid))

    covers = has

    def missing(self, gtids: str) -> str:
        return str(MysqlGtids.parse(gtids).minus(self._here))

    def before(self, gtids: str) -> "MysqlExecuted":
        return MysqlExecuted(gtids)

    def joined(self, gtids: str, also: Iterable[str]) -> str:
        return str(MysqlGtids.parse(",".join(filter(None, (gtids, *also)))))

    def common(self, gtids: str, also: Iterable[str]) -> str:
        published = MysqlGtids.parse(gtids)
        return str(published.minus(published.minus(self._here)))


class MariadbExecuted:
    """The last transaction of each domain and server (`gtid_binlog_state`).

    0-1-100 and 0-2-100 are two transactions, of two servers that each took themselves for the
    primary.
    linear: the GTIDs are those at a place in the very binlog that was read, so whatever any server
        wrote up to there is included.
    """

    def __init__(self, gtids: str, *, linear: bool = False) -> None:
        self._linear = linear
        self._last: dict[tuple[int, int], int] = {}
        for domain, server, number in _parse(gtids):
            self._last[self._by(domain, server)] = max(
                number, self._last.get(self._by(domain, server), 0)
            )
        self._text = gtids

    def has(self, gtid: str) -> bool:
        return all(
            number <= self._last.get(self._by(domain, server), 0)
            for domain, server, number in _parse(gtid)
        )

    covers = has

    def missing(self, gtids: str) -> str:
        return ",".join(
            gtid for gtid in dict.fromkeys(gtids.split(",")) if gtid and not self.has(gtid)
        )

    def before(self, gtids: str) -> "MariadbExecuted":
        return MariadbExecuted(gtids, linear=True)

    def joined(self, gtids: str, also: Iterable[str]) -> str:
        last: dict[int, tuple[int, int, int]] = {}
        for each in _parse(",".join((gtids, *also))):
            last[each[0]] = max(each, last.get(each[0], each), key=lambda one: one[2])
        return _join(last.values())

    def common(self, gtids: str, also: Iterable[str]) -> str:
        if self._linear:
            here_too = {
                domain: (domain, server, number) for domain, server, number in _parse(self._text)
            }
            return _join(
                min(each, here_too[each[0]], key=lambda one: one[2])
                for each in _parse(gtids)
                if each[0] in here_too
            )
        here = list(_parse(",".join(also)))
        places = []
        for domain, server, number in _parse(gtids):
            known = [each for each in here if each[0] == domain and each[2] <= number]
            own = self._last.get((domain, server), 0)
            if own or not number:
                known.append((domain, server, min(number, own)))
            if not known:
                return ""
            places.append(max(known, key=lambda each: each[2]))
        return _join(places)

    def _by(self, domain: int, server: int) -> tuple[int, int]:
        return (domain, 0) if self._linear else (domain, server)


def _join(gtids: Iterable[tuple[int, int, int]]) -> str:
    return ",".join(f"{domain}-{server}-{number}" for domain, server, number in gtids)


def _parse(gtids: str) -> Iterable[tuple[int, int, int]]:
    for gtid in filter(None, gtids.split(",")):
        domain, server, number = map(int, gtid.split("-"))
        yield domain, server, number
