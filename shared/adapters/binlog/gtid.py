"""GTID sets, kept as the binlog is read: which transactions lie before a place in it."""

import re
import struct
from uuid import UUID

from shared.values.errors import ConfigError

_TAG = re.compile(r"^[a-z_][a-z0-9_]{0,31}$")
_BAD = "Write UUID:1-99 (several joined by commas) for MySQL, or DOMAIN-SERVER-NUMBER for MariaDB."


class MysqlGtids:
    """A MySQL GTID set: intervals per server uuid and tag (MySQL 8.4 and later; no tag is "").

    The text of each uuid is kept, so that the text of a large set costs one join a transaction.
    """

    def __init__(self) -> None:
        self._sets: dict[
            str, dict[str, list[list[int]]]
        ] = {}  # uuid → tag → [first, last], in order and apart from each other
        self._texts: dict[str, str] = {}

    @staticmethod
    def parse(text: str) -> "MysqlGtids":
        """Read `UUID:1-3:7:tag:1-2,UUID:…`. Raises ConfigError."""
        gtids = MysqlGtids()
        try:
            for part in filter(None, re.sub(r"\s+", "", text).lower().split(",")):
                uuid, *elements = part.split(":")
                uuid, tag = str(UUID(uuid)), ""
                for element in elements:
                    if _TAG.match(element):
                        tag = element
                        continue
                    first, _, last = element.partition("-")
                    gtids._insert(uuid, tag, int(first), int(last or first))
        except ValueError:
            raise ConfigError("is no MySQL GTID set.", thing=repr(text), hint=_BAD) from None
        return gtids

    def add(self, uuid: str, tag: str, number: int) -> None:
        """One more transaction; the usual case extends the last interval."""
        intervals = self._sets.get(uuid, {}).get(tag)
        if intervals and intervals[-1][1] == number - 1:
            intervals[-1][1] = number
            self._texts.pop(uuid, None)
        else:
            self._insert(uuid, tag, number, number)

    def contains(self, other: "MysqlGtids") -> bool:
        """Whether this set contains every transaction of `other`."""
        return all(
            any(
                mine[0] <= first and last <= mine[1]
                for mine in self._sets.get(uuid, {}).get(tag, ())
            )
            for uuid, tags in other._sets.items()
            for tag, intervals in tags.items()
            for first, last in intervals
        )

    def minus(self, other: "MysqlGtids") -> "MysqlGtids":
        """The transactions that are here and not in `other`."""
        left = MysqlGtids()
        for uuid, tags in self._sets.items():
            for tag, intervals in tags.items():
                theirs = other._sets.get(uuid, {}).get(tag, [])
                for first, last in intervals:
                    for low, high in theirs:
                        if low <= last and high >= first:
                            if low > first:
                                left._insert(uuid, tag, first, low - 1)
                            first = max(first, high + 1)
                    if first <= last:
                        left._insert(uuid, tag, first, last)
        return left

    def _insert(self, uuid: str, tag: str, first: int, last: int) -> None:
        if not 0 < first <= last:
            raise ValueError("interval")
        tags = self._sets.setdefault(uuid, {})
        merged: list[list[int]] = []
        for low, high in sorted([*tags.get(tag, []), [first, last]]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], high)
            else:
                merged.append([low, high])
        tags[tag] = merged
        self._texts.pop(uuid, None)

    def __str__(self) -> str:
        texts = self._texts
        if len(texts) < len(self._sets):
            for uuid, tags in self._sets.items():
                if uuid not in texts:
                    texts[uuid] = uuid + "".join(
                        (f":{tag}" if tag else "") + "".join(map(_interval, tags[tag]))
                        for tag in sorted(tags)
                    )
        return ",".join(texts[uuid] for uuid in sorted(texts))

    def encode(self) -> bytes:
        """The set as COM_BINLOG_DUMP_GTID takes it. Sets with tags have a format of their own.

        Source: MySQL sql/rpl_gtid_set.cc, Gtid_set::encode.
        """
        entries = [
            (uuid, tag, intervals)
            for uuid, tags in sorted(self._sets.items())
            for tag, intervals in sorted(tags.items())
        ]
        tagged = any(tag for _, tag, _ in entries)
        parts = [struct.pack("<Q", (1 << 56 | len(entries) << 8 | 1) if tagged else len(entries))]
        for uuid, tag, intervals in entries:
            parts.append(UUID(uuid).bytes)
            if tagged:
                parts.append(bytes([len(tag) << 1]) + tag.encode())
            parts.append(struct.pack("<Q", len(intervals)))
            parts.extend(struct.pack("<QQ", first, last + 1) for first, last in intervals)
        return b"".join(parts)

    @staticmethod
    def decode(data: bytes) -> "MysqlGtids":
        """Read what `encode` writes: the body of PREVIOUS_GTIDS_LOG_EVENT too."""
        gtids = MysqlGtids()
        (head,) = struct.unpack_from("<Q", data, 0)
        tagged = head >> 56 == 1
        count, at = head >> 8 & 0xFFFFFFFFFFFF if tagged else head, 8
        for _ in range(count):
            uuid, tag = str(UUID(bytes=data[at : at + 16])), ""
            at += 16
            if tagged:
                length = (
                    data[at] >> 1
                )  # a variable-length integer; tags have at most 32 characters, so it is one byte
                tag = data[at + 1 : at + 1 + length].decode()
                at += 1 + length
            (intervals,) = struct.unpack_from("<Q", data, at)
            at += 8
            for _ in range(intervals):
                first, end = struct.unpack_from("<QQ", data, at)
                gtids._insert(uuid, tag, first, end - 1)
                at += 16
        return gtids


def _interval(interval: list[int]) -> str:
    first, last = interval
    return f":{first}" if first == last else f":{first}-{last}"


class MariadbGtids:
    """A MariaDB GTID position: the last transaction of each domain."""

    def __init__(self) -> None:
        self._last: dict[int, str] = {}

    @staticmethod
    def parse(text: str) -> "MariadbGtids":
        """Read `0-1-99,1-2-7`. Raises ConfigError."""
        gtids = MariadbGtids()
        try:
            for part in filter(None, re.sub(r"\s+", "", text).split(",")):
                domain, server, number = map(int, part.split("-"))
                gtids.add(domain, f"{domain}-{server}-{number}")
        except ValueError:
            raise ConfigError("is no MariaDB GTID position.", thing=repr(text), hint=_BAD) from None
        return gtids

    def add(self, domain: int, gtid: str) -> None:
        """The transaction `gtid` is now the last of its domain."""
        self._last[domain] = gtid

    def contains(self, other: "MariadbGtids") -> bool:
        """Whether every domain of `other` has come as far here."""
        return all(
            domain in self._last
            and int(self._last[domain].rpartition("-")[2]) >= int(gtid.rpartition("-")[2])
            for domain, gtid in other._last.items()
        )

    def __str__(self) -> str:
        if len(self._last) == 1:
            return next(iter(self._last.values()))
        return ",".join(self._last[domain] for domain in sorted(self._last))
