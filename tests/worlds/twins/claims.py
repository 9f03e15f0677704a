"""The claim store's twin."""

from shared.values.errors import StackError


class MemoryClaims:
    def __init__(self, bucket: str = "claims") -> None:
        self._bucket = bucket
        self.objects: dict[str, bytes] = {}

    def put(self, name: str, body: bytes) -> str:
        return self._write(f"s3://{self._bucket}/rows/{name}", body)

    def park(self, name: str, body: bytes) -> str:
        return self._write(f"s3://{self._bucket}/parked/{name}", body)

    def find_parked(self, address: str) -> bytes | None:
        return self.objects.get(address)

    def archive(self, name: str, body: bytes) -> str:
        return self._write(f"s3://{self._bucket}/dropped/{name}", body)

    def discard(self, address: str) -> None:
        self.objects.pop(address, None)

    def keep(self, name: str, body: bytes) -> str:
        return self._write(f"s3://{self._bucket}/claims/{name}", body)

    def _write(self, address: str, body: bytes) -> str:
        self.objects[address] = body
        return address

    def find(self, name: str) -> bytes | None:
        return self.objects.get(f"s3://{self._bucket}/claims/{name}")

    def get(self, address: str) -> bytes:
        try:
            return self.objects[address]
        except KeyError:
            raise StackError(
                "is gone.", thing=address, hint="Fill the consumer again: rowline backfill."
            ) from None
