"""PyIceberg's files through boto3: one PutObject a file, ranges for reading.

PyArrow's own S3 stream takes ten times as long to write a data file of 24 MB.
"""

import io
import os
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.typedef import EMPTY_DICT, Properties

from shared.adapters import aws
from shared.adapters.aws_errors import FAILURES, code_of
from shared.adapters.objects.s3_folder import GONE

_READ_BYTES = 1 << 20


_PLACE = (
    *("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_PROFILE"),
)
"""Variables that say where a client goes, and as whom."""


_READ_SECONDS = 15.0
"""S3 answers a PutObject when it has stored and encrypted all of a file."""


@lru_cache(maxsize=8)
def _client(*_place: str) -> Any:
    """One for each place: making it takes as long as some requests."""
    return aws.client("s3", connections=16, read_seconds=_READ_SECONDS)


class BotoFileIO(FileIO):
    """Files by `s3://BUCKET/KEY`. PyIceberg makes one for each load of the table."""

    def __init__(self, properties: Properties = EMPTY_DICT) -> None:
        super().__init__(properties)
        self._client = _client(*(os.environ.get(name, "") for name in _PLACE))

    def new_input(self, location: str) -> InputFile:
        return _S3File(self._client, location)

    def new_output(self, location: str) -> OutputFile:
        return _S3File(self._client, location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        name = location if isinstance(location, str) else location.location
        bucket, key = address(name)
        self._client.delete_object(Bucket=bucket, Key=key)


def address(location: str) -> tuple[str, str]:
    """(bucket, key) of a location."""
    parts = urlsplit(location, allow_fragments=False)
    return parts.netloc, parts.path.lstrip("/")


class _S3File(InputFile, OutputFile):
    def __init__(self, client: Any, location: str) -> None:
        super().__init__(location)
        self._client = client
        self._bucket, self._key = address(location)
        self._size: int | None = None

    def __len__(self) -> int:
        if self._size is None:
            try:
                found = self._client.head_object(Bucket=self._bucket, Key=self._key)
            except FAILURES as error:
                if code_of(error) in GONE:
                    raise FileNotFoundError(self.location) from None
                raise
            self._size = int(found["ContentLength"])
        return self._size

    def exists(self) -> bool:
        try:
            return len(self) >= 0
        except FileNotFoundError:
            return False

    def open(self, seekable: bool = True) -> InputStream:
        if not seekable or self.location.endswith((".avro", ".json")):
            return io.BytesIO(self._read())
        raw = _Ranges(self._client, self._bucket, self._key, len(self))
        return io.BufferedReader(raw, _READ_BYTES)

    def to_input_file(self) -> InputFile:
        return self

    def create(self, overwrite: bool = False) -> OutputStream:
        # Names are random: an object of this name is never there already.
        return _Upload(self)

    def put(self, body: bytes) -> None:
        """The whole file, durable when this returns."""
        self._client.put_object(Bucket=self._bucket, Key=self._key, Body=body)
        self._size = len(body)

    def _read(self) -> bytes:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._key)
            return bytes(found["Body"].read())
        except FAILURES as error:
            if code_of(error) in GONE:
                raise FileNotFoundError(self.location) from None
            raise


class _Upload(io.BytesIO):
    """What is written is put when the stream is closed; nothing when an error ended the writing."""

    def __init__(self, file: _S3File) -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        if not self.closed:
            self._file.put(self.getvalue())
        super().close()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            super().close()
        else:
            self.close()

    def __del__(self) -> None:
        super().close()  # never a put of what was given up


class _Ranges(io.RawIOBase):
    """An object read by ranges."""

    def __init__(self, client: Any, bucket: str, key: str, size: int) -> None:
        self._client, self._bucket, self._key, self._size = client, bucket, key, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        asked = f"bytes={self._at}-{self._at + wanted - 1}"
        found = self._client.get_object(Bucket=self._bucket, Key=self._key, Range=asked)
        body = found["Body"].read()
        buffer[: len(body)] = body
        self._at += len(body)
        return len(body)
