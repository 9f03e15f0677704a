"""The key under which a source's columns are hashed: `mask_key` of its secret."""

from shared.adapters.secrets import secret_json
from shared.values.settings import SourceSettings


def mask_key(source: SourceSettings) -> bytes:
    """Empty when no column is hashed: then the secret need not even be read (a source may be given
    by URL).
    """
    if not any("hash" in table.mask.values() for table in source.tables.values()):
        return b""
    return str(secret_json(source.secret).get("mask_key", "")).encode()
