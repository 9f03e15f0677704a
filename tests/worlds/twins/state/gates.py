"""The twin of Gates."""

import threading

import msgspec

from shared.values.gate import Gate


class MemoryGates:
    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def read(self, consumer: str) -> Gate:
        return self._gates.get(consumer, Gate())

    def write(self, consumer: str, gate: Gate) -> Gate | None:
        with self._lock:
            if self.read(consumer).version != gate.version:
                return None
            self._gates[consumer] = msgspec.structs.replace(gate, version=gate.version + 1)
            return self._gates[consumer]
