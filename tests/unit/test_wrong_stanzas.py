"""Wrong stanzas (long: a case each): refused by the plugin or found by the check, with a fix."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.values.declaration import Declaration
from tests.worlds.folder_world import declarations, world_of

GOOD = """service: rowline
sources:
  shop:
    secret: rowline/dev/source
    start: latest
    tables:
      shop.items:
        mask: {note: hash}
      shop.sizes: {drop: [a.b]}
consumers:
  search:
    tables: [shop.items]
    elasticsearch:
      secret: rowline/dev/search
      alias: items
      fields: [id, slug, title, city]
      rename: {title: name}
      id: [slug]
      index: search/items.json
  sizes:
    tables:
      - shop.sizes
    elasticsearch: {secret: rowline/dev/search, alias: sizes}
"""
LINES = GOOD.splitlines()


@dataclass
class Wrong:
    """A good folder made wrong by one edit.

    place: the line that has to be corrected, 0 for the file as a whole.
    says: words of what is wrong, and of the fix.
    facts: what database, secret and cluster hold; see `world_of`.
    """

    old: str
    new: str
    place: int
    says: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)


WRONG = {
    "a field that is no column": Wrong(
        "[id, slug, title, city]", "[id, slug, title, citi]", 16, ("citi", "Did you mean city?")
    ),
    "an id that is no column": Wrong("id: [slug]", "id: [slog]", 18, ("slog", "slug")),
    "an id that rows share": Wrong(
        "id: [slug]",
        "id: [city]",
        18,
        (
            "no unique index",
            "SELECT `city`, COUNT(*) FROM `shop`.`items` GROUP BY `city` HAVING COUNT(*) > 1",
        ),
    ),
    "an id that may be null": Wrong("id: [slug]", "id: [note]", 18, ("may be null", "NOT NULL")),
    "an id that a mask makes equal": Wrong(
        "mask: {note: hash}", "mask: {slug: redact}", 18, ("masked in shop.items", "another column")
    ),
    "two columns renamed to one field": Wrong(
        "rename: {title: name}",
        "rename: {title: name, city: name}",
        17,
        ("title and city", "into the field name", "name of its own"),
    ),
    "two columns that become one field by themselves": Wrong(
        "{drop: [a.b]}", "", 23, ("a.b and a_b into the field a_b", "Rename one of them")
    ),
    "a renamed column that is not kept": Wrong(
        "rename: {title: name}", "rename: {note: remark}", 17, ("note", "fields")
    ),
    "a dropped column that is not there": Wrong(
        "{drop: [a.b]}", "{drop: [a.b, ab]}", 9, ("has no column ab", "Correct or remove")
    ),
    "a masked column that is not there": Wrong(
        "mask: {note: hash}", "mask: {notes: hash}", 8, ("has no column notes", "note?")
    ),
    "a key column that is dropped": Wrong(
        "{drop: [a.b]}", "{drop: [id, a.b]}", 9, ("part of its key", "only be masked by hash")
    ),
    "a shard of no column": Wrong(
        "{drop: [a.b]}", "{drop: [a.b], shardBy: size}", 9, ("has no column size", "Correct")
    ),
    "a key that is not unique": Wrong(
        "{drop: [a.b]}", "{drop: [a.b], key: [a_b]}", 9, ("no unique index over key", "Create one")
    ),
    "a table that is not there": Wrong(
        "      shop.sizes: {drop: [a.b]}",
        "      shop.sizes: {drop: [a.b]}\n      shop.itmes:",
        10,
        ("is not in the database", "Did you mean shop.items?"),
    ),
    "a table without a key": Wrong(
        "      shop.sizes: {drop: [a.b]}",
        "      shop.sizes: {drop: [a.b]}\n      shop.log:",
        10,
        ("has no primary key", "Add a primary key"),
    ),
    "a table that cascades change": Wrong(
        "      shop.sizes: {drop: [a.b]}",
        "      shop.sizes: {drop: [a.b]}\n      shop.lines:",
        10,
        ("lines_of_items", "acceptCascades"),
    ),
    "a table that is not captured": Wrong(
        "      - shop.sizes", "      - shop.size", 22, ("does not capture", "shop.sizes")
    ),
    "no mask key": Wrong("", "", 8, ("is missing", "token_hex"), {"key": b""}),
    "a short mask key": Wrong("", "", 8, ("5 characters; 32", "token_hex"), {"key": b"short"}),
    "a start that is none": Wrong(
        "start: latest", "start: yesterday", 5, ("yesterday", "FILE:OFFSET")
    ),
    "a start that the server does not have": Wrong(
        "start: latest", "start: bin.000999:4", 5, ("bin.000999:4",)
    ),
    "a plain index under the alias' name": Wrong(
        "", "", 15, ("index of its own", "another alias"), {"cluster__plain": {"items"}}
    ),
    "two consumers, one alias, different tables": Wrong(
        "alias: sizes", "alias: items", 20, ("items", "alias")
    ),
    "two consumers, one alias, the same table": Wrong(
        "      - shop.sizes\n    elasticsearch: {secret: rowline/dev/search, alias: sizes}",
        "      - shop.items\n    elasticsearch: {secret: rowline/dev/search, alias: items}",
        20,
        ("items", "alias"),
    ),
    "two consumers, one alias, two names of the cluster's secret": Wrong(
        "{secret: rowline/dev/search, alias: sizes}",
        "{secret: rowline/dev/same, alias: items}",
        23,
        ("consumer search writes too", "alias of its own"),
    ),
    "an index file that is refused": Wrong(
        "",
        "",
        19,
        ("mapper type [txt]", "Correct the file"),
        {"cluster__refuses": "mapper_parsing_exception: mapper type [txt] does not exist"},
    ),
    "an index file that is not there": Wrong(
        "search/items.json", "search/item.json", 19, ("search/item.json", "relative to")
    ),
    "a filter on no column": Wrong(
        "      - shop.sizes\n",
        "      - shop.sizes\n    filter: {ab: 1}\n",
        23,
        ("names ab, which is no column of shop.sizes", "a_b?"),
    ),
    "a change of no column": Wrong(
        "      - shop.sizes\n",
        "      - shop.sizes\n    filter:\n      changed: [ab]\n",
        24,
        ("names ab, which is no column of shop.sizes", "a_b?"),
    ),
    "a filter on a masked column": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    filter: {note: x}",
        13,
        ("which shop.items masks (hash)", "Filter on another column"),
    ),
    "a filter on a dropped column": Wrong(
        "      - shop.sizes\n",
        "      - shop.sizes\n    filter: {a.b: 1}\n",
        23,
        ("which the source drops from shop.sizes", "Keep it there"),
    ),
    "a filter on a number's name": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    filter: {id: seven}",
        13,
        ("compares id, a number, with 'seven', so no row of shop.items has it", "Write a number."),
    ),
    "a filter on half a row": Wrong(
        "      - shop.sizes\n",
        "      - shop.sizes\n    filter: {a_b: [1, 2.5]}\n",
        23,
        ("compares a_b, a whole number, with 2.5", "Write a whole number."),
    ),
    "a filter on a label that the ENUM lacks": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    filter: {state: [sold, actve]}",
        13,
        ("names 'actve', which is no label of the ENUM state", "Did you mean active?", "sold"),
    ),
    "a filter that compares text with a truth": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    filter: {city: true}",
        13,
        ("compares city, which holds text, with true", "in quotes"),
    ),
    "an operation that nobody knows": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    operations: [update]",
        13,
        ('operations[0]: is "update"', "one of c, u, d, r, t"),
    ),
    "a stanza that nobody knows": Wrong(
        "service: rowline", "service: rowline\nconsumer: {}", 0, ("no known key", "consumers?")
    ),
    "no field at all": Wrong(
        "[id, slug, title, city]", "[]", 16, ("fields: is empty", "or take it out")
    ),
    "an id of nothing": Wrong("id: [slug]", "id: []", 18, ("id: is empty", "or take it out")),
    "no tables": Wrong("      - shop.sizes\n", "      []\n", 21, ("is empty", "Name at least one")),
    "no secret": Wrong(
        "    secret: rowline/dev/source\n", "", 3, ("is missing", "Add it: Secrets Manager secret")
    ),
    "an empty sink": Wrong(
        "{secret: rowline/dev/search, alias: sizes}", "", 23, ("is empty", "map. An Elasticsearch")
    ),
    "a name that no resource can have": Wrong(
        "  search:\n", "  item-search:\n", 11, ("has a wrong name", "It must be a camelCase name")
    ),
    "an ordering with one wrong letter": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    ordering: every_change",
        13,
        ("every_change", "Did you mean every-change?"),
    ),
    "a part of a change": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    parkBudget: 1.5",
        13,
        ("is 1.5", "must be a whole number"),
    ),
    "a placeholder that is not filled in": Wrong(
        "alias: items", "alias: '{db}-items'", 15, ("holds {db}", "Write {database} or {table}")
    ),
    "a field that Elasticsearch reserves": Wrong(
        "rename: {title: name}", "rename: {title: _id}", 17, ("cannot be a field", "Choose a name")
    ),
    "a day of 25 hours": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    verify: {schedule: 'cron(0 25 * * ? *)'}",
        13,
        ("cron(0 25", "25 is no hours. Write numbers from 0 to 23"),
    ),
    "a column that is dropped and masked": Wrong(
        "{drop: [a.b]}", "{drop: [a.b], mask: {a.b: hash}}", 9, ("is of no use", "Keep one of")
    ),
    "no sources": Wrong(
        GOOD[GOOD.index("sources:") : GOOD.index("consumers:")],
        "sources: {}\n",
        2,
        ("sources: is empty", "Name at least one source"),
    ),
    "an address for alarms": Wrong(
        "service: rowline",
        "service: rowline\nalerts: me@x.example",
        2,
        ("must be the ARN of an SNS topic", "Subscribe the address to a topic"),
    ),
    "a verify that never comes": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    verify: {schedule: 'cron(0 2 31 6 ? *)'}",
        13,
        ("never comes", "Correct the two"),
    ),
    "a filter of updates without updates": Wrong(
        "tables: [shop.items]",
        "tables: [shop.items]\n    operations: [c]\n    filter: {changed: [city]}",
        14,
        ("is about updates", "Add u there"),
    ),
    "a key that nobody knows": Wrong(
        "rename: {title: name}", "renames: {title: name}", 17, ("no known key", "rename?")
    ),
}


def folder(wrong: Wrong | None = None) -> dict[str, str]:
    text = GOOD
    if wrong is not None:
        assert wrong.old in text
        text = text.replace(wrong.old, wrong.new, 1)
    return {"serverless.yml": text, "search/items.json": '{"mappings": {}}'}


@pytest.fixture(scope="module")
def declared() -> dict[str, Declaration]:
    made = declarations([folder(), *(folder(wrong) for wrong in WRONG.values())])
    return dict(zip(["good", *WRONG], made, strict=True))


def test_the_good_folder_has_nothing_wrong(declared: dict[str, Declaration]) -> None:
    assert declared["good"].problems == ()
    assert world_of(declared["good"]).check() == []


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_named_with_its_place_and_its_fix(
    name: str, declared: dict[str, Declaration]
) -> None:
    wrong, made = WRONG[name], declared[name]
    found = made.findings() or world_of(made, **wrong.facts).check()
    (one,) = [finding for finding in found if finding.level == "fail"]
    line = f":{wrong.place}" if wrong.place else ""
    assert made.place_of(one.stanza) == f"serverless.yml{line}"
    text = f"{one.thing}: {one.what}. {one.fix}"
    for words in wrong.says:
        assert words in text
    assert one.fix
    assert not one.fix.endswith("?.")
