"""Gap: the form of a request is parsed once for its rights and once for its action.

A PublishBatch has up to 256 KB of it. Shown by
test_emulator_internals.py::test_a_form_is_parsed_once. Must come after `form_decoding`.
"""

import functools
from typing import Any
from urllib import parse

from ministack import app
from ministack.services import sns, sqs

_Form = dict[str, list[str]]


@functools.lru_cache(maxsize=4)
def _parsed(text: str) -> _Form:
    return parse.parse_qs(text, keep_blank_values=True)


def once(text: Any, keep_blank_values: bool = False, **options: Any) -> _Form:
    """As `parse_qs`; nobody changes the lists."""
    if options or not isinstance(text, str):
        return parse.parse_qs(text, keep_blank_values=keep_blank_values, **options)
    form = _parsed(text)
    if keep_blank_values:
        return dict(form)
    filled = ((name, [one for one in values if one]) for name, values in form.items())
    return {name: values for name, values in filled if values}


for _module in (app, sns, sqs):
    assert _module.parse_qs is parse.parse_qs
    _module.parse_qs = once
