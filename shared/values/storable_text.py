"""Storable text: a text that any store takes, whatever it quotes, and whoever made it."""


def storable(text: str) -> str:
    """The text with a `?` for each lone surrogate: no UTF-8 has those, but a row may."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def text_of(error: BaseException, between: str = " ") -> str:
    """Class and message of an exception of own code, whose own `__str__` may fail."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 (whatever own code raises)
        said = "(its message cannot be read)"
    return storable(f"{type(error).__name__}{between}{said}")
