"""The claim store's twin."""

from shared.values.errors import StackError


class MemoryClaims:
    def __init__(self, bucket: str = "claims") -> None:
        self._bucket = bucket
        self.objects: dict[str, bytes] = {}

    def put(self, name: str, body: bytes) -> str:
        address = f"s3://{self._bucket}/claims/{name}"
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
