"""What the plugin writes, the library reads: `rowline.json` crosses from JavaScript to Python."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.flows.consume import sinks
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.values.errors import ConfigError
from shared.values.position import Position
from shared.values.settings import (
    ConsumerSettings,
    SourceSettings,
    StageSettings,
    TableSettings,
)
from tests.tier import TIER

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
const { problems } = require('./plugins/rowline/schema/problems');
const { settings } = require('./plugins/rowline/expand/settings');
const all = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(all.map((stanzas) => ({
  problems: problems(stanzas, { read: () => '{}' }), settings: settings(stanzas, { service: 'rowline', stage: 'test', read: () => '{"mappings": {}}' }) }))));
"""  # noqa: E501
FIRST_FAILURE = (Phase.explicit, Phase.generate)  # each example starts Node.js: none is shrunk


def expand(stanzas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["node", "-e", SCRIPT],
        input=json.dumps(stanzas),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return list(json.loads(done.stdout))


def test_the_defaults_of_both_sides_are_the_same() -> None:
    bare = {
        "sources": {"shop": {"secret": "s", "tables": {"market.listings": None}}},
        "consumers": {"search": {"tables": ["market.listings"], "elasticsearch": {"secret": "e"}}},
    }
    (made,) = expand([bare])
    assert made["problems"] == []
    read = msgspec.convert(made["settings"], type=StageSettings)
    sink = sinks.settings_of(read.consumers["search"])
    assert sink == ElasticsearchSettings(secret="e")
    assert read == StageSettings(
        service="rowline",
        stage="test",
        sources={
            "shop": SourceSettings(
                name="shop", secret="s", tables={"market.listings": TableSettings()}
            )
        },
        consumers={
            "search": ConsumerSettings(
                name="search",
                source="shop",
                tables=("market.listings",),
                sink=read.consumers["search"].sink,
            )
        },
    )


def test_the_stanzas_for_several_relays_and_sources_in_the_docs_are_right() -> None:
    blocks = re.findall(
        r"^```yaml\n(.*?)^```", (ROOT / "docs" / "relays.md").read_text(), re.MULTILINE | re.DOTALL
    )
    relays, sources = expand(
        [yaml.safe_load(re.sub(r"\$\{param:(\w+)\}", r"\1", block)) for block in blocks]
    )
    assert relays["problems"] == sources["problems"] == []
    settings = msgspec.convert(relays["settings"], type=StageSettings)
    whole = settings.source_of(settings.consumers["listingSearch"])
    assert (whole.name, whole.stream, whole.secret) == (
        "shop",
        "shop",
        settings.sources["shopEvents"].secret,
    )
    assert {table: whole.stream_of(table) for table in whole.tables} == {
        "market.listings": "shop",
        "market.sellers": "shop",
        "market.events": "shop/shopEvents",
    }
    assert [each.name for each in settings.siblings(settings.sources["shopEvents"])] == ["shop"]
    both = msgspec.convert(sources["settings"], type=StageSettings)
    assert both.siblings(both.sources["europe"]) == []
    assert both.source_of(both.consumers["americaSearch"]).stream == "america"


def test_the_consumer_that_the_docs_add_goes_with_the_services_own() -> None:
    page = (ROOT / "docs" / "consumers.md").read_text()
    block = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    plain = [
        yaml.safe_load(re.sub(r"\$\{param:(\w+)\}", r"\1", text))
        for text in (block, (ROOT / "serverless.yml").read_text())
    ]
    added, service = plain
    del service["consumers"]["listingSearch"]["concurrency"]  # a parameter, which is a number
    both = {"sources": service["sources"], "consumers": service["consumers"] | added["consumers"]}
    assert expand([both])[0]["problems"] == []


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Maps with any of these keys."""
    return st.fixed_dictionaries({}, optional=keys)


names = st.from_regex(r"[a-z][a-zA-Z0-9]{0,11}", fullmatch=True)
few = st.sampled_from(["a", "b", "c", "d", "e"])
columns = st.lists(few, min_size=1, max_size=3, unique=True)
one_or_more = st.one_of(few, columns)
tables = some(
    key=one_or_more,
    shards=st.integers(1, 1024),
    shardBy=one_or_more,
    drop=one_or_more,
    mask=st.dictionaries(few, st.sampled_from(["hash", "redact", None]), min_size=1),
    acceptCascades=st.booleans(),
)
aliases = st.sampled_from(
    [
        "{database}-{table}",
        "{table}",
        "x.{table}-{database}",
        "shop",
        "{database}{table}",
        "X-{table}",
    ]
)
starts = st.sampled_from(
    ["earliest", "latest", "bin.000007:4", "0-1-99,1-2-3", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1"]
)


@st.composite
def random_stanzas(draw: st.DrawFn) -> dict[str, Any]:
    captured = draw(
        st.dictionaries(
            st.builds("{}.{}".format, names, names),
            st.one_of(st.none(), tables),
            min_size=1,
            max_size=4,
        )
    )
    source = {"secret": "s", "tables": captured} | draw(
        some(
            start=starts,
            lingerMs=st.integers(0, 1000),
            compression=st.sampled_from(["zstd", "off", False]),
        )
    )
    patterns = {*captured, *(table.partition(".")[0] + ".*" for table in captured)}
    wanted = st.lists(st.sampled_from(sorted(patterns)), min_size=1, max_size=3, unique=True)
    sink = some(
        alias=aliases,
        index=st.just("i.json"),
        id=one_or_more,
        fields=one_or_more,
        rename=st.dictionaries(few, st.one_of(few, st.sampled_from(["_id", "x.y"])), min_size=1),
    )
    consumer = st.builds(
        lambda tables, sink, rest: {
            "tables": tables,
            "elasticsearch": {"secret": "e", **sink},
            **rest,
        },
        wanted,
        sink,
        some(
            marks=st.sampled_from([True, False, "on", "off"]),
            memory=st.integers(128, 10240),
            concurrency=st.integers(2, 1000),
        ),
    )
    return {
        "sources": {draw(names): source},
        "consumers": draw(st.dictionaries(names, consumer, max_size=3)),
    }


@pytest.mark.soak
@hypothesis_settings(max_examples=TIER.border_runs, deadline=None, phases=FIRST_FAILURE)
@given(st.lists(random_stanzas(), min_size=1, max_size=20))
def test_whatever_the_plugin_accepts_the_library_reads(stanzas: list[dict[str, Any]]) -> None:
    for given_stanzas, made in zip(stanzas, expand(stanzas), strict=True):
        if made["problems"]:
            continue
        read = msgspec.convert(made["settings"], type=StageSettings)
        (source,) = read.sources.values()
        assert set(source.tables) == set(given_stanzas["sources"][source.name]["tables"])
        assert (source.compression == "zstd") is (
            given_stanzas["sources"][source.name].get("compression") == "zstd"
        )
        if source.start not in ("earliest", "latest"):
            Position.parse(source.start)
        for name, consumer in given_stanzas["consumers"].items():
            assert read.consumers[name].tables == tuple(consumer["tables"])
            assert read.consumers[name].marks is (consumer.get("marks", True) in (True, "on"))
            assert read.consumers[name].source == source.name
            one = read.consumers[name]
            check_sink(one, msgspec.convert(one.sink, type=ElasticsearchSettings))


def check_sink(consumer: ConsumerSettings, sink: ElasticsearchSettings) -> None:
    """What a function checks before its first change. Raises ConfigError."""
    layout = Layout(consumer, sink)
    for table in consumer.tables:
        layout.alias(*table.split("."))


@pytest.mark.soak
@hypothesis_settings(max_examples=TIER.border_runs, deadline=None, phases=FIRST_FAILURE)
@given(st.lists(random_stanzas(), min_size=1, max_size=20))
def test_the_plugin_refuses_each_sink_that_a_function_would_refuse(
    stanzas: list[dict[str, Any]],
) -> None:
    for given_stanzas, made in zip(stanzas, expand(stanzas), strict=True):
        said = "\n".join(made["problems"])
        for name, consumer in given_stanzas["consumers"].items():
            sink = {
                key: [value] if key in ("id", "fields") and isinstance(value, str) else value
                for key, value in consumer["elasticsearch"].items()
                if key != "index"
            }
            settings = ElasticsearchSettings(**sink)
            one = ConsumerSettings(name, "shop", tuple(consumer["tables"]), {})
            try:
                check_sink(one, settings)
            except ConfigError:
                assert f"consumers.{name}.elasticsearch." in said, (consumer, said)
            else:
                assert f"consumers.{name}.elasticsearch.rename: " not in said, (consumer, said)
