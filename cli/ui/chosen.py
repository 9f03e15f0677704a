"""What an option that takes several names, separated by commas, names."""


def chosen(names: str) -> list[str]:
    """`"a, b"` → `["a", "b"]`; nothing for an empty option."""
    return [name.strip() for name in names.split(",") if name.strip()]
