"""Name list: an option that takes several names or patterns, separated by commas."""


def split_names(names: str) -> list[str]:
    """`"a, b"` → `["a", "b"]`; nothing for an empty option."""
    return [name.strip() for name in names.split(",") if name.strip()]
