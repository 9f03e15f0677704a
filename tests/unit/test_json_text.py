"""Whatever a row has in it, its message has only characters that SQS accepts."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.change_encoding import ChangeEncoding
from shared.domain.message_packing import Group, take_parcel
from shared.flows.consume.sinks.elasticsearch.document_id import encode_id
from shared.flows.consume.sinks.elasticsearch.unmappable_row import UnmappableRow
from shared.values.json_text import decode_json, encode_json
from shared.values.message import decode, encode
from tests.worlds.consumer_world import TABLE, change, message
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemorySchemas
from tests.worlds.twins.topic import MemoryTopic

ODD = "a\x00\x08\x1f\x7f\x85\u2028\ufffe\uffff\U0001fffe\U0010ffff\ud800b\udfff"
ACCEPTED = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
texts = st.text(
    st.one_of(st.characters(), st.sampled_from(ODD), st.characters(categories=["Cs"])), max_size=30
)
values = st.recursive(
    st.one_of(texts, st.integers(-(2**63), 2**64 - 1), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
_any = msgspec.json.Decoder()


@given(values)
def test_any_value_comes_back_from_accepted_characters(value: Any) -> None:
    text = encode_json(value).decode()
    assert ACCEPTED.fullmatch(text)
    assert decode_json(text.encode(), _any) == value


def test_a_json_column_that_is_text_already() -> None:
    raw = msgspec.Raw('{"a":"\uffff"}'.encode())
    for rest in ("x", "\ud800"):
        assert decode_json(encode_json({"doc": raw, "rest": rest}), _any) == {
            "doc": {"a": "\uffff"},
            "rest": rest,
        }


def test_a_message_of_odd_characters_is_read_as_it_was() -> None:
    original = message([change(1, "c", 1, title=ODD)], "g")
    body = encode(original)
    assert ACCEPTED.fullmatch(body)
    assert decode(body) == original


def test_the_relay_publishes_what_the_topic_accepts() -> None:
    packing = ChangeEncoding("shop", MemorySchemas(), MemoryClaims())
    original = change(1, "c", 1, title=ODD)
    group = Group()
    group.waiting.append(packing.pack((TABLE, 0, original)))
    parcel = take_parcel(group, 10_000, compress=False)
    assert parcel
    topic = MemoryTopic()
    assert topic.publish([parcel.entry]) == [None]
    assert decode(topic.published[0].body).changes == [original]


def test_the_twins_refuse_what_aws_refuses() -> None:
    topic = MemoryTopic()
    packing = ChangeEncoding("shop", MemorySchemas(), MemoryClaims())
    group = Group()
    group.waiting.append(packing.pack((TABLE, 0, change(1, "c", 1))))
    parcel = take_parcel(group, 10_000, compress=False)
    assert parcel
    for bad in ("\uffff", "\x00"):
        with pytest.raises(ValueError, match=r"U\+"):
            topic.publish([msgspec.structs.replace(parcel.entry, body=bad)])


def test_a_key_that_no_document_id_can_hold_is_refused() -> None:
    with pytest.raises(UnmappableRow, match="surrogate"):
        encode_id(["\ud800"])


@pytest.mark.parametrize("text", [b"{", b'"\\u12"', b'{"a":"\\ud800"'])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_json(text, _any)
