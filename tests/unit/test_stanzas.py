"""What `rowline init` writes."""

import pytest
import yaml

from shared.flows.source.stanza_text import put_in, stanzas
from shared.flows.source.table_listing import ListedTable, Listing
from shared.values.errors import ConfigError

LISTING = Listing(
    "",
    "",
    [
        ListedTable("shop.items", 1, 1, ("id",), None, False, []),
        ListedTable(
            "shop.log",
            1,
            1,
            (),
            None,
            False,
            [],
            ["has no primary key, so its rows cannot be told apart"],
        ),
        ListedTable('shop.od"d: #x', 1, 1, ("id",), None, False, []),
    ],
)
BLOCKS = stanzas(
    LISTING,
    source="shop",
    consumer="search",
    source_secret="${param:a}",
    search_secret="${param:b}",
)
DOCUMENT = """# The stage.
service: rowline

# Ours.
sources:
  old:
    secret: x

consumers:
  gone: {}
# Who is paged.
alerts: off
params:
  a: b
"""


def test_the_stanzas_are_yaml_and_leave_out_what_cannot_work() -> None:
    document = yaml.safe_load("\n".join(BLOCKS.values()))
    assert document["sources"] == {
        "shop": {
            "secret": "${param:a}",
            "start": "latest",
            "tables": {"shop.items": None, 'shop.od"d: #x': None},
        }
    }
    assert document["consumers"] == {
        "search": {
            "tables": ["shop.items", 'shop.od"d: #x'],
            "elasticsearch": {"secret": "${param:b}"},
        }
    }
    assert "# shop.log: has no primary key" in BLOCKS["sources"]


def test_blocks_replace_their_own_kind_and_nothing_else() -> None:
    with pytest.raises(ConfigError, match="has sources and consumers already"):
        put_in(DOCUMENT, BLOCKS)
    text = put_in(DOCUMENT, BLOCKS, force=True)
    document = yaml.safe_load(text)
    assert list(document) == ["service", "sources", "consumers", "alerts", "params"]
    assert list(document["sources"]) == ["shop"]
    assert list(document["consumers"]) == ["search"]
    for kept in (
        "# The stage.\n",
        "# Ours.\nsources:",
        "# Who is paged.\nalerts: off",
        "params:\n  a: b\n",
    ):
        assert kept in text
    assert put_in(text, BLOCKS, force=True) == text


def test_blocks_are_added_where_there_are_none() -> None:
    text = put_in("service: rowline\n", BLOCKS)
    assert text.startswith("service: rowline\n\nsources:\n")
    assert list(yaml.safe_load(text)) == ["service", "sources", "consumers"]
    assert list(yaml.safe_load(put_in("", BLOCKS))) == ["sources", "consumers"]


def test_a_database_in_which_nothing_can_be_captured_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no table that can be captured"):
        stanzas(
            Listing("", "", [LISTING.tables[1]]),
            source="s",
            consumer="c",
            source_secret="a",
            search_secret="b",
        )
