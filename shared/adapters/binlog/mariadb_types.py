"""UUID, INET4 and INET6: MariaDB's types that its binlog shows as BINARY."""

from ipaddress import IPv4Address
from struct import unpack
from uuid import UUID

from shared.adapters.binlog.temporal import Cache


class Inets(Cache):
    """INET4, INET6 and UUID of MariaDB: trailing zero bytes are left out, as in BINARY."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def read(self, raw: bytes) -> str:
        if self._kind == "inet4":
            return str(IPv4Address(raw.ljust(4, b"\0")))
        if self._kind == "uuid":
            return str(UUID(bytes=raw.ljust(16, b"\0")))
        return inet6(raw.ljust(16, b"\0"))


def inet6(data: bytes) -> str:
    """An IPv6 address as MariaDB prints it.

    The first of the longest runs of zero groups is left out, a single group too; RFC 5952 keeps
    that one. IPv4-mapped and -compatible addresses have a dotted end. Source: MariaDB
    sql/sql_type_inet.cc, Inet6::to_string.
    """
    groups = unpack(">8H", data)
    start, length = _longest_gap(groups)
    if start == 0 and (length == 6 or (length == 5 and groups[5] == 0xFFFF)):
        return f"{'::' if length == 6 else '::ffff:'}{IPv4Address(data[12:])}"
    texts = [f"{group:x}" for group in groups]
    if not length:
        return ":".join(texts)
    return f"{':'.join(texts[:start])}::{':'.join(texts[start + length :])}"


def _longest_gap(groups: tuple[int, ...]) -> tuple[int, int]:
    """(where the first of the longest runs of zeros begins, its length; 0 for none)."""
    best, run = (0, 0), 0
    for i, group in enumerate((*groups, 1)):
        if group == 0:
            run += 1
            continue
        if run > best[1]:
            best = i - run, run
        run = 0
    return best
