"""Unreferenced files: how long an erasure leaves objects that nothing refers to."""

GRACE_MS = 16 * 60_000
"""An object that nothing refers to may be one that a run is about to commit, unless it is older
than a function can run. Source: Lambda developer guide, "Lambda quotas", "Function timeout".
"""

UNREFERENCED = "objects of runs that were killed are removed after 16 min"
"""What an erasure waits for that has no certificate yet."""
