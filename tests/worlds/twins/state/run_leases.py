"""The twin of RunLeases."""


class MemoryRunLeases:
    def __init__(self) -> None:
        self._held: dict[str, tuple[str, int]] = {}

    def hold(self, name: str, holder: str, now_ms: int, ends_ms: int) -> bool:
        owner, until = self._held.get(name, (holder, 0))
        if owner != holder and until >= now_ms:
            return False
        self._held[name] = (holder, ends_ms)
        return True

    def release(self, name: str, holder: str) -> None:
        if self._held.get(name, ("", 0))[0] == holder:
            self._held[name] = (holder, 0)
