"""Declaration: the stanzas of a folder as the plugin reads them, and where each key is."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.values.errors import ConfigError
from shared.values.finding import Finding
from shared.values.settings import StageSettings, from_json

_ADVICE = re.compile(r"\. (?=[A-Z])|; (?=it must )")


class Declaration(msgspec.Struct, frozen=True):
    """What a folder declares, before it is deployed.

    settings: None when the stanzas are wrong in a way that keeps them from being read.
    problems: what the stanzas alone show to be wrong. Each sentence begins with a key.
    places: key, such as `consumers.search.tables[0]`, to `FILE:LINE`.
    """

    settings: StageSettings | None
    problems: tuple[str, ...]
    places: dict[str, str]

    def place_of(self, key: str) -> str:
        """Where a key is, or the nearest key around it; empty when that is not known."""
        if not key:
            return ""
        around = (known for known in self.places if is_inside(key, known))
        return self.places.get(max(around, key=len, default=""), "")

    def findings(self) -> list[Finding]:
        """The problems as findings."""
        return [_finding(sentence) for sentence in self.problems]


def is_inside(key: str, outer: str) -> bool:
    """Whether `outer` is the key itself or one that holds it."""
    return key == outer or (key.startswith(outer) and key[len(outer)] in ".[ ")


def read_declaration(text: bytes) -> Declaration:
    """Read the file that `sls rowline stanzas` writes. Raises ConfigError."""
    try:
        found: Mapping[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        settings = found["settings"]
        return Declaration(
            None if settings is None else from_json(settings),
            tuple(found["problems"]),
            dict(found["places"]),
        )
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ConfigError(
            f"cannot be read: {error}.",
            thing="the stanzas that the plugin wrote",
            hint="Use the plugin and the command of the same version.",
        ) from None


def _finding(sentence: str) -> Finding:
    """`KEY is wrong. Do that.`, or `KEY is wrong; it must be right.`, in its parts."""
    key, _, rest = sentence.removesuffix(".").partition(" ")
    what, *more = _ADVICE.split(rest, maxsplit=1)
    fix = more[0] if more else ""
    key = key.rstrip(":,")
    end = "" if fix.endswith("?") else "."
    advice = f"{fix[:1].upper()}{fix[1:]}{end}" if fix else ""
    return Finding(key, "fail", what, advice, stanza=key)
