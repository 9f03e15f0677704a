"""Proof basis: what a verify compared with, so that a later change of it is seen."""

import msgspec


class ProofBasis(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a result of verify depends on.

    consumer: the fingerprint of the stanza; empty in results of former versions.
    indexes: table → what the sink's system calls the indexes that hold its documents.
    subscribed_ms: since when the watch has seen the subscription as deployed, Unix ms; 0: it has
        not seen it yet.
    """

    consumer: str = ""
    indexes: dict[str, tuple[str, ...]] = {}
    subscribed_ms: int = 0
