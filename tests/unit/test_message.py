"""Message bodies: read whether they travel compressed or not, and nothing else is taken for one."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import compression
from shared.values.change import Change, Transaction
from shared.values.compression import MARK, compressed, expanded, zstd
from shared.values.errors import RowlineError
from shared.values.message import Message, decode, encode

ROOT = Path(__file__).resolve().parents[2]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
rows = st.dictionaries(
    texts, st.one_of(st.none(), st.integers(-(2**63), 2**64 - 1), texts), max_size=5
)
changes = st.builds(
    Change,
    texts,
    st.integers(1, 2**63 - 1),
    st.sampled_from(["c", "u", "d"]),
    st.integers(0, 2**41),
    rows,
    st.none() | rows,
    st.none() | rows,
    st.builds(Transaction, texts, st.integers(0, 9), st.booleans()),
)
messages = st.builds(
    Message,
    texts,
    texts,
    texts,
    texts,
    st.integers(0, 99),
    texts,
    st.none(),
    st.lists(changes, max_size=20),
)


@given(messages)
def test_a_message_is_read_back_compressed_or_not_as_text_or_bytes(message: Message) -> None:
    plain = encode(message)
    small = compressed(plain.encode())
    assert small.startswith(MARK)
    assert small.isascii()
    assert small == compressed(plain.encode()), "sent again it is the same bytes"
    for body in (plain, plain.encode(), small, small.decode()):
        assert decode(body) == message


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "{}",
        MARK.decode(),
        MARK.decode() + "!!",
        compressed(b"hello").decode(),
        compressed(b'{"v":1}')[:-8].decode(),
        (compressed(b"{}") + compressed(b"{}")).decode(),
        b64encode(zstd.compress(b"{}") + b"rest").decode(),
        "\ud800",
    ],
)
def test_what_is_no_message_is_said_to_be_none(body: str) -> None:
    with pytest.raises(RowlineError, match="is not a Rowline message"):
        decode(body)


@given(st.binary(max_size=200))
def test_no_bytes_after_the_mark_bring_another_error(rest: bytes) -> None:
    with pytest.raises(RowlineError):
        decode(MARK + b64encode(rest))


def test_what_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_BYTES", 1000)
    assert len(expanded(compressed(b"x" * 1000))) == 1000
    with pytest.raises(ValueError, match="length"):
        expanded(compressed(b"x" * 1001))


def test_the_function_of_the_docs_reads_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/consumers.md").read_text(), re.DOTALL
    )
    names: dict[str, Any] = {}
    exec(code, names)
    body = encode(
        Message(
            "s",
            "s",
            "shop",
            "items",
            1,
            "g",
            None,
            [Change("x", 1, "c", 1, {"id": 7}, None, {"id": 7}, Transaction("t", 0, True))],
        )
    )
    names["handle"](
        {"Records": [{"body": body}, {"body": compressed(body.encode()).decode()}]}, None
    )
    assert capsys.readouterr().out == "shop.items c {'id': 7} {'id': 7}\n" * 2
    assert f"`{MARK.decode()}`" in (ROOT / "docs/consumers.md").read_text()
