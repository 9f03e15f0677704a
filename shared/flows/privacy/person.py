"""Person: what names the rows of an erasure in texts that people or jobs have written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.flows.privacy.person_rows import changes, snapshot_rows
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.erasure import Erasure
from shared.values.json_text import decode_json
from shared.values.row_key import key_text

_SHORTEST = 3
"""Characters of a value that is looked for inside a text: shorter ones are in nearly all texts."""

_LONG_NUMBER = 6
"""Digits of a number that is looked for inside a text: shorter ones are counts and times there."""

_row = msgspec.json.Decoder(dict[str, Any])
_WORD = re.compile(r"[\w.+-]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Person:
    """The rows of an erasure.

    keys: table → the keys of its rows, as `key_text` writes them.
    names: each value of a key, as text. values: longer texts among the values of the rows.
    numbers: longer numbers among them, without a sign.
    groups: the message groups of its rows.
    """

    keys: dict[str, set[str]]
    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, erasure: Erasure, source: str = "") -> "Person":
        """By its keys alone; source: only those of its tables."""
        keys: dict[str, set[str]] = {}
        names = set[str]()
        for subject in erasure.subjects:
            for text in subject.keys if source in ("", subject.source) else ():
                key = decode_json(text.encode(), _row)
                keys.setdefault(subject.full_name, set()).add(key_text(key))
                names.update(_texts(key))
        texts = {each for each in names if len(each) >= _SHORTEST and not each.isdecimal()}
        return cls(keys, names, texts)

    @classmethod
    def read(cls, setup: PrivacySetup, erasure: Erasure) -> "Person":
        """With the values of its rows, as far as they are still archived."""
        found = cls.of(erasure)
        for subject in erasure.subjects:
            for row in (
                *changes(setup, subject, ["group", "before", "after"]),
                *snapshot_rows(setup, subject),
            ):
                found.groups.update(filter(None, [row.get("group")]))
                for text in filter(None, (row.get("before"), row.get("after"))):
                    values = decode_json(text.encode(), _row)
                    found.values.update(
                        each for each in _texts(values, numbers=False) if len(each) >= _SHORTEST
                    )
                    found.numbers.update(_long_numbers(values))
        return found

    def is_quoted(self, text: str) -> bool:
        """Whether a text has one of the longer values. It may mean another row by it."""
        if any(each in text for each in self.values):
            return True
        return bool(self.numbers) and not self.numbers.isdisjoint(_NUMBER.findall(text))

    def is_named(self, text: str) -> bool:
        """Whether a text that names rows has one of the values, or a number that is a key."""
        return self.is_quoted(text) or not self.names.isdisjoint(_WORD.findall(text))


def _long_numbers(values: Any) -> Iterator[str]:
    """The numbers that are long enough to be a person's, such as a telephone number."""
    for text in _texts(values):
        number = text.removeprefix("-")
        if len(number) >= _LONG_NUMBER and _NUMBER.fullmatch(number):
            yield number


def _texts(value: Any, *, numbers: bool = True) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each, numbers=numbers)
    elif isinstance(value, str):
        yield value
    elif numbers and value is not None:
        yield str(value)
