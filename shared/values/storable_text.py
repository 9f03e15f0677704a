"""Storable text: a text that any store takes, whatever characters it quotes."""


def storable(text: str) -> str:
    """The text with a `?` for each lone surrogate: no UTF-8 has those, but a row may."""
    return text if text.isascii() else text.encode(errors="replace").decode()
