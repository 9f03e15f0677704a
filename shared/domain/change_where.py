"""Change where: which archived changes a command is about, as `--where` says it."""

import re
import shlex

import msgspec

from shared.values.errors import ConfigError
from shared.values.json_text import decode_json

OPERATION = "op"
_TERM = re.compile(r"([^=!~<>]+)(=|!=|~)(.*)", re.DOTALL)
_row = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


class ChangeWhere(msgspec.Struct, frozen=True):
    """Terms that must all hold: (column or `op`, `=`, `!=` or `~`, value).

    `before.COLUMN` and `after.COLUMN` name one image of the row; COLUMN alone is the row after the
    change, or before it where the change deletes.
    """

    terms: tuple[tuple[str, str, str], ...] = ()

    @staticmethod
    def parse(text: str) -> "ChangeWhere":
        """Read `column=value column!=value column~text op=u`; values with blanks are in quotes.

        Raises ConfigError.
        """
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise _wrong(text, f"cannot be read: {error}") from None
        return ChangeWhere(tuple(_term(word) for word in words))

    @property
    def reads_rows(self) -> bool:
        """Whether a term is about a column."""
        return bool(self.columns)

    @property
    def columns(self) -> list[str]:
        """The columns as they are named, perhaps with the image in front."""
        return [field for field, _, _ in self.terms if field != OPERATION]

    def holds(self, op: str, before: str | None, after: str | None) -> bool:
        """Whether a change is meant. before, after: JSON text of its row."""
        if not self.terms:
            return True
        images = {
            "before": _image(before) if self.reads_rows else {},
            "after": _image(after) if self.reads_rows else {},
        }
        return all(_holds(field, sign, value, op, images) for field, sign, value in self.terms)


def _image(text: str | None) -> dict[str, msgspec.Raw]:
    return decode_json(text.encode(), _row) if text else {}


def _holds(
    field: str, sign: str, value: str, op: str, images: dict[str, dict[str, msgspec.Raw]]
) -> bool:
    found = op if field == OPERATION else _column(field, images)
    if found is None:
        return False
    if sign == "~":
        return value.casefold() in found.casefold()
    return (found == value) is (sign == "=")


def _column(field: str, images: dict[str, dict[str, msgspec.Raw]]) -> str | None:
    """The value as text; None where the row has no such column."""
    side, _, name = field.partition(".")
    if side in images and name:
        raw = images[side].get(name)
    else:
        raw = (images["after"] or images["before"]).get(field)
    if raw is None:
        return None
    text = bytes(raw)
    return decode_json(text, _text) if text.startswith(b'"') else text.decode()


def _term(word: str) -> tuple[str, str, str]:
    match = _TERM.fullmatch(word)
    if not match:
        what = "compares with < or >, which are not known" if "<" in word or ">" in word else ""
        raise _wrong(word, what or "is no condition")
    field, sign, value = match.groups()
    if field == OPERATION and (sign == "~" or value not in ("c", "u", "d", "r", "t")):
        raise _wrong(word, "is no operation: they are c, u, d, r, t")
    if sign == "~" and not value:  # perhaps an unset variable of a shell
        raise _wrong(word, "would mean every value")
    if value.startswith("=" if sign == "~" else ("=", "~")):
        raise _wrong(word, "has two signs")
    return field, sign, value


def _wrong(thing: str, what: str) -> ConfigError:
    return ConfigError(
        f"{thing!r} {what}.",
        thing="--where",
        hint="Write conditions such as 'op=u city=Oslo price!=0 title~garden'.",
    )
