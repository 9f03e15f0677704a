"""Geometry: the bytes of a GEOMETRY value in MySQL and MariaDB, as WKT text.

Layout: SRID (4 bytes, little-endian), then well-known binary. The text is that of the OGC, with
coordinates in stored order (x y), whatever axis order a spatial reference system prefers. `SRID=n;`
precedes it if n is not 0. Source: MySQL reference manual, "Internal Geometry Storage Format"; OGC
06-103r4 (WKT, WKB).
"""

from struct import unpack_from

_NAMES = {
    1: "POINT",
    2: "LINESTRING",
    3: "POLYGON",
    4: "MULTIPOINT",
    5: "MULTILINESTRING",
    6: "MULTIPOLYGON",
    7: "GEOMETRYCOLLECTION",
}


def wkt(data: bytes) -> str | None:
    """`POINT(1 2)`, `SRID=4326;POLYGON((…))`; None for no bytes.

    MariaDB stores no bytes in a NOT NULL column that is added to a table with rows. Raises
    ValueError when the bytes are no geometry.
    """
    if not data:
        return None
    (srid,) = unpack_from("<I", data, 0)
    kind, body, end = _read(data, 4)
    if end != len(data):
        raise ValueError("bytes are left after the geometry")
    text = f"{_NAMES[kind]}{body}" if body.startswith("(") else f"{_NAMES[kind]} {body}"
    return f"SRID={srid};{text}" if srid else text


def _read(data: bytes, at: int) -> tuple[int, str, int]:
    """(type, text after the type's name, end) of the WKB value at `at`."""
    order = "<" if data[at] else ">"
    (kind,) = unpack_from(f"{order}I", data, at + 1)
    at += 5
    if kind == 1:
        x, y = unpack_from(f"{order}2d", data, at)
        return kind, f"({_number(x)} {_number(y)})", at + 16
    if kind not in _NAMES:
        raise ValueError(f"geometry type {kind} is not known")
    (count,) = unpack_from(f"{order}I", data, at)
    at += 4
    parts: list[str] = []
    if kind == 2:
        points, at = _points(data, at, count, order)
        parts = [points] if count else []
    elif kind == 3:
        for _ in range(count):
            (length,) = unpack_from(f"{order}I", data, at)
            points, at = _points(data, at + 4, length, order)
            parts.append(f"({points})")
    else:
        for _ in range(count):
            inner, body, at = _read(data, at)
            name = _NAMES[inner] + ("" if body.startswith("(") else " ") if kind == 7 else ""
            parts.append(name + body)
    return kind, f"({','.join(parts)})" if parts else "EMPTY", at


def _points(data: bytes, at: int, count: int, order: str) -> tuple[str, int]:
    numbers = unpack_from(f"{order}{2 * count}d", data, at)
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return ",".join(f"{_number(x)} {_number(y)}" for x, y in pairs), at + 16 * count


def _number(value: float) -> str:
    """The shortest text that reads back as the same double; whole numbers without a point."""
    text = repr(value)
    return text.removesuffix(".0")
