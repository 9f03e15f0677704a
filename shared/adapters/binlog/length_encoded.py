"""Length-encoded integers of the MySQL protocol."""


def length_encoded(data: bytes, at: int) -> tuple[int, int]:
    """The integer at `at`, and where it ends.

    Source: MySQL internals manual, "Protocol::LengthEncodedInteger".
    """
    first = data[at]
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size
