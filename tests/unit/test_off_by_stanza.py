"""`enabled: off`: the consumer applies nothing and keeps its changes; only loss rings."""

from msgspec.structs import replace

from shared.adapters.topic.contract import Entry
from shared.domain.open_dues import open_dues
from shared.flows.health.findings.gate_findings import gate_findings
from shared.flows.health.status import status
from shared.flows.watch.scheduled_verifies import is_overdue
from shared.values.gate import Gate
from shared.values.settings import StageSettings
from shared.values.verify_schedule import VerifySchedule
from tests.unit.test_status import StatusWorld
from tests.unit.test_watch import WatchWorld
from tests.worlds.consumer_world import consumer_settings
from tests.worlds.outage_world import DAY, OutageWorld

ON = consumer_settings()
OFF = replace(ON, enabled=False)


def deploy(world: OutageWorld, settings: object) -> None:
    world.world.settings = settings  # type: ignore[assignment]
    stanzas = world.parts.settings
    world.parts.settings = replace(stanzas, consumers={"search": settings})


def test_it_applies_nothing_and_continues_in_order_once_it_is_on() -> None:
    world = OutageWorld(settings=OFF)
    for price in range(1, 8):
        world.write(1, price)
        world.advance(3_600)
    assert world.prices() == {}
    assert world.functions.started == []
    assert world.functions.mapping(world.parts.consume_function("search")) == "off"
    assert world.figures["GateClosed"] == 0.0
    assert not world.figures.get("OldestFailedMs")
    assert world.gate.off_ms
    assert world.gate.needs_somebody is False
    deploy(world, ON)
    world.settle()
    assert world.prices() == {"1": 7}
    assert world.gate.off_ms == 0
    assert world.gate.is_open


def test_the_function_obeys_before_the_watch_has_looked() -> None:
    world = OutageWorld(settings=OFF)
    world.write(1, 1)
    batch = world.queue.receive()
    done = world.runtime().handle(batch, lambda: 60.0)
    assert done.failed == [batch[0].message_id]
    assert done.unusual() == {"message": "off by the stanza"}
    assert done.figures(now_ms=0).get("GateClosed", 0) == 0
    deploy(world, ON)
    world.world.state.gates.write("search", Gate(off_ms=5))
    world.advance(120)
    assert world.prices() == {"1": 1}


def test_a_gate_that_an_outage_closed_is_not_tried_while_the_consumer_is_off() -> None:
    world = OutageWorld(settings=ON)
    world.down = True
    world.write(1, 1)
    world.advance(300)
    assert world.gate.cause == "outage"
    deploy(world, OFF)
    world.down = False
    started = len(world.functions.started)
    world.days(1)
    assert len(world.functions.started) <= started + 1, "one may have been due at that moment"
    assert world.prices() == {}
    assert world.figures["GateClosed"] == 0.0
    assert world.runtime().probe(world.gate.version, lambda: 60.0) is None
    deploy(world, ON)
    world.settle()
    assert world.prices() == {"1": 1}


def test_twelve_days_off_make_its_tables_due() -> None:
    world = OutageWorld(settings=OFF)
    world.days(11)
    stanzas = world.parts.settings
    source, dues = stanzas.source_of(OFF), world.world.state.dues
    assert open_dues(dues, OFF, source) == []
    world.days(2)
    assert [one.table for one in open_dues(dues, OFF, source)] == ["shop.items"]
    assert world.figures["TablesDue"] == 1.0


def test_status_says_that_the_stanza_did_it() -> None:
    world = StatusWorld()
    world.parts.settings = replace(world.parts.settings, consumers={"search": OFF})
    world.signs(oldest_s=3_600.0)
    found = status(world.parts)
    assert [one.state for one in found.consumers] == ["off"]
    assert world.wrong() == {}, "it is off on purpose"
    (said,) = [one for one in found.findings if one.thing == "gate search"]
    assert said.what.startswith("off by the stanza for 0 s")
    world.signs(oldest_s=8 * 86_400.0)
    world.parts.queue("search").send([Entry("{}", "g", "1", {})])
    assert "SQS deletes it after 14" in world.wrong()["consumer search"]


def test_after_a_week_it_is_a_failure_that_names_the_way_out() -> None:
    now = 1_000_000_000.0
    (found,) = gate_findings("search", Gate(off_ms=int((now - 8 * DAY) * 1000)), now)
    assert found.level == "fail"
    assert "Take `enabled: off` out of consumers.search" in found.fix
    paused = Gate(off_ms=1, paused="ann", paused_ms=1)
    assert [one.what[:3] for one in gate_findings("search", paused, now)] == ["off", "was"]


def test_no_verify_is_missed_while_it_is_off() -> None:
    world = WatchWorld()
    nightly = replace(OFF, verify=VerifySchedule("nightly"))
    stanzas: StageSettings = world.parts.settings
    world.parts.settings = replace(stanzas, consumers={"search": nightly})
    world.parts.state.reports.save("search", {"finished_ms": 1, "differences": 0})
    assert not is_overdue(world.setup(), "search")
    world.parts.settings = replace(stanzas, consumers={"search": replace(nightly, enabled=True)})
    assert is_overdue(world.setup(), "search")
