"""Gates: whether each consumer may work now. `Marks.read` returns the gate too."""

from typing import Protocol

from shared.values.gate import Gate


class Gates(Protocol):
    """A gate changes only from the version that was seen."""

    def read(self, consumer: str) -> Gate: ...

    def write(self, consumer: str, gate: Gate) -> Gate | None:
        """Store a gate that was made of one that was read, and so has its version.

        Returns it as stored, under the next version; None when it changed since it was read.
        """
        ...
