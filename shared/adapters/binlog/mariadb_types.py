"""UUID, INET4 and INET6: MariaDB's types that its binlog shows as BINARY."""

from ipaddress import IPv4Address, IPv6Address
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
        address = IPv6Address(raw.ljust(16, b"\0"))
        return inet6(address)


def inet6(address: IPv6Address) -> str:
    """An IPv6 address as MariaDB prints it: the IPv4-mapped and -compatible ones with a dotted end.
    Source: sql/sql_type_inet.cc.
    """
    data = address.packed
    if data[:12] == bytes(10) + b"\xff\xff":
        return f"::ffff:{IPv4Address(data[12:])}"
    if data[:12] == bytes(12) and data[12:14] != b"\0\0":
        return f"::{IPv4Address(data[12:])}"
    return str(address)
