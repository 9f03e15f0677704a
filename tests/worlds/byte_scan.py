"""Byte scan: whether an object holds one of some values, in any form in which systems keep values.

Whatever is compressed, encoded or packed inside something else is unpacked, to any depth.
"""

import base64
import binascii
import contextlib
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pyarrow.parquet as pq
from pyiceberg.avro.file import AvroFile

from shared.values.compression import zstd

_DEEPEST = 8
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")


class SoughtValues:
    """The values of a person, in every form: whole values that nothing else has."""

    def __init__(self, *values: str | int | bytes) -> None:
        self.forms = {form: value for value in values for form in _forms(value)}
        self._any = re.compile(b"|".join(re.escape(form) for form in self.forms))

    def within(self, body: bytes) -> set[str | int | bytes]:
        """Those that are in an object's bytes, or in what these unpack to."""
        return {
            self.forms[form] for each in unpacked(body) for form in set(self._any.findall(each))
        }


def _forms(value: str | int | bytes) -> Iterator[bytes]:
    raw = value if isinstance(value, bytes) else str(value).encode()
    yield raw
    if isinstance(value, int):
        for order in ("little", "big"):
            yield value.to_bytes(8, order, signed=True)  # type: ignore[arg-type]
    if isinstance(value, str):
        escaped = json.dumps(value)[1:-1]
        yield value.encode("utf-16-le")
        yield value.encode("utf-16-be")
        yield escaped.encode()
        yield json.dumps(escaped)[1:-1].encode()
        yield quote(value, safe="").encode()
        yield quote_plus(value).encode()
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift in range(3):  # its place in what was encoded is not known
        text = base64.b64encode(b"\0" * shift + raw)
        whole = text[(shift * 4 + 2) // 3 : len(raw) * 4 // 3]
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


def unpacked(body: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes, and everything that they unpack to."""
    yield body
    if depth == _DEEPEST:
        return
    for each in _inside(body):
        yield from unpacked(each, depth + 1)


def _inside(body: bytes) -> Iterator[bytes]:
    for magic, read in _READERS:
        if body.startswith(magic):
            yield from _tried(lambda read=read: read(body))  # type: ignore[misc]
            return
    for found in _BASE64.finditer(body):
        text = found.group().translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        text = text[: len(text) - (len(text) % 4 == 1)]
        for plain in _tried(lambda text=text: [base64.b64decode(text + b"=" * (-len(text) % 4))]):
            if plain.startswith(_MAGICS):
                yield plain
    for found in _HEX.finditer(body):
        for plain in _tried(lambda found=found: [binascii.unhexlify(found.group())]):
            if plain.startswith(_MAGICS):
                yield plain
    if b"\\" in body:
        yield from _json_plain(body)


def _tried(read: Callable[[], Iterable[bytes]]) -> list[bytes]:
    try:
        return list(read())
    except (ValueError, EOFError, OSError, zlib.error, zstd.ZstdError):
        return []


def _json_plain(body: bytes) -> Iterator[bytes]:
    """Every text of JSON lines without its escapes."""
    texts: list[str] = []
    for line in body.splitlines():
        with contextlib.suppress(ValueError):
            _texts_of(json.loads(line), texts)
    if texts:
        yield "\n".join(texts).encode("utf-8", "surrogatepass")


def _texts_of(value: Any, texts: list[str]) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            texts.append(name)
            _texts_of(each, texts)
    elif isinstance(value, list):
        for each in value:
            _texts_of(each, texts)
    else:
        texts.append(str(value))


def _zstd(body: bytes) -> list[bytes]:
    reader, frames = zstd.ZstdDecompressor(), []
    while body:
        frames.append(reader.decompress(body))
        body, reader = reader.unused_data, zstd.ZstdDecompressor()
    return [b"".join(frames)]


def _parquet(body: bytes) -> list[bytes]:
    """Rows, and what the footer says of each column: statistics and metadata."""
    file = pq.ParquetFile(io.BytesIO(body))
    found = [repr(file.read().to_pylist()).encode(), repr(file.metadata.metadata).encode()]
    for group in range(file.metadata.num_row_groups):
        for column in range(file.metadata.num_columns):
            about = file.metadata.row_group(group).column(column).statistics
            if about is not None and about.has_min_max:
                found.append(f"{about.min}\n{about.max}".encode())
    return found


class _OpenedObject:
    """An object's bytes as pyiceberg opens a file."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def open(self, seekable: bool = True) -> io.BytesIO:
        return io.BytesIO(self._body)


def _avro(body: bytes) -> list[bytes]:
    """Records of a manifest with the lower and upper bounds of columns, and the file's header."""
    with AvroFile(_OpenedObject(body)) as records:  # type: ignore[arg-type, var-annotated]
        return [repr(records.header.meta).encode(), b"\n".join(_leaves(each) for each in records)]


def _leaves(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"\n".join(_leaves(each) for pair in value.items() for each in pair)
    if isinstance(value, (list, tuple)):
        return b"\n".join(map(_leaves, value))
    return b"\n".join(map(_leaves, value._data)) if hasattr(value, "_data") else str(value).encode()


_READERS: tuple[tuple[bytes, Callable[[bytes], Iterable[bytes]]], ...] = (
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"\x1f\x8b", lambda body: [gzip.decompress(body)]),
    (b"\x78\x01", lambda body: [zlib.decompress(body)]),
    (b"\x78\x5e", lambda body: [zlib.decompress(body)]),
    (b"\x78\x9c", lambda body: [zlib.decompress(body)]),
    (b"\x78\xda", lambda body: [zlib.decompress(body)]),
    (b"PAR1", _parquet),
    (b"Obj\x01", _avro),
)
_MAGICS = tuple(magic for magic, _ in _READERS)
