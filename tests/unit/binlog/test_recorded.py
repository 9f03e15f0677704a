"""Recorded packets: read as they were, and damaged in every way that chance finds. A wrong row
without an error is never right.
"""

import random
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.values.errors import SourceError, SourceUnavailable
from tests.tier import SEED, TIER

from .replay import KINDS, Recording, line

RECORDINGS = {kind: Recording(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_packets_are_the_events_that_they_were(kind: str) -> None:
    recording = RECORDINGS[kind]
    assert [line(event) for event in recording.events()] == recording.lines


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=TIER.damaged_runs, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(data=st.data())
def test_damaged_packets_give_the_same_events_up_to_an_error(
    kind: str, data: st.DataObject
) -> None:
    """With checksums on, no flipped bit gets through: what is yielded before the error is true.

    One byte stays as it is: the one that says whether checksums are on. With another one flipped
    beside it, the bytes are those of a server without checksums.
    """
    recording = RECORDINGS[kind]
    packets = bytearray(recording.packets)
    switch = switches(recording.packets)
    places = st.integers(0, len(packets) - 1).filter(lambda place: place not in switch)
    for _ in range(data.draw(st.integers(1, 3))):
        packets[data.draw(places)] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(packets)))
    seen, _ = up_to_an_error(
        recording, bytes(packets[:cut] if data.draw(st.booleans()) else packets)
    )
    assert seen == recording.lines[: len(seen)]


def switches(packets: bytes) -> set[int]:
    """Where the format descriptions say whether checksums are on."""
    found, at = set(), 0
    while at < len(packets):
        end = at + 4 + int.from_bytes(packets[at : at + 3], "little")
        if packets[at + 9] == 15:
            found.add(end - 5)
        at = end
    return found


def up_to_an_error(recording: Recording, packets: bytes) -> tuple[list[bytes], bool]:
    """(the events that come, whether an error ended them)."""
    seen: list[bytes] = []
    try:
        for event in recording.events(packets):
            seen.append(line(event))
    except (SourceError, SourceUnavailable):
        return seen, True
    return seen, False


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("disguise", [4, 15])
def test_an_event_disguised_as_one_that_vouches_for_itself_is_an_error(
    kind: str, disguise: int
) -> None:
    """A rotate or a format description is not held to the checksum as others are; a flipped type
    must not make use of that.
    """
    recording = RECORDINGS[kind]
    at = 0
    while at < len(recording.packets):
        packets = bytearray(recording.packets)
        if packets[at + 9] not in (4, 15):
            packets[at + 9] = disguise
            seen, damaged = up_to_an_error(recording, bytes(packets))
            assert damaged
            assert seen == recording.lines[: len(seen)]
        at += 4 + int.from_bytes(packets[at : at + 3], "little")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.soak
@pytest.mark.parametrize("seed", range(SEED, SEED + TIER.damaged_seeds, 20))
def test_damaged_events_without_checksum_end_in_events_or_in_a_source_error(
    kind: str, seed: int
) -> None:
    """Where nothing vouches for the bytes, they may read as other values, but never hang, crash or
    leave with a stack trace.
    """
    recording = RECORDINGS[kind]
    for number in range(seed, seed + 20):
        chosen = random.Random(number)
        packets = b"".join(without_checksum(recording.packets, chosen))
        try:
            for event in recording.events(packets):
                line(event)
        except (SourceError, SourceUnavailable):
            pass


def without_checksum(packets: bytes, chosen: random.Random) -> Iterator[bytes]:
    """The packets as a server without checksums sends them, some bytes of bodies flipped."""
    at = 0
    while at < len(packets):
        length = int.from_bytes(packets[at : at + 3], "little")
        packet = bytearray(packets[at : at + 4 + length])
        at += 4 + length
        kind = packet[9]
        if kind == 15:  # the format description says that no checksums follow, and bears one itself
            packet[-5] = 0
        else:
            del packet[-4:]
            packet[0:3] = (len(packet) - 4).to_bytes(3, "little")
            packet[14:18] = (len(packet) - 5).to_bytes(4, "little")
            hit = kind != 4 and chosen.random() < 0.05  # what follows an error is not read
            for _ in range(chosen.randrange(1, 3) if hit else 0):
                if len(packet) > 24:
                    packet[chosen.randrange(24, len(packet))] ^= chosen.randrange(1, 256)
        yield bytes(packet)


def test_the_recordings_bear_checksums() -> None:
    for recording in RECORDINGS.values():
        packets, at = recording.packets, 0
        while at < len(packets):
            length = int.from_bytes(packets[at : at + 3], "little")
            event = packets[at + 5 : at + 4 + length]
            assert zlib.crc32(event[:-4]) == int.from_bytes(event[-4:], "little") or event[4] == 15
            at += 4 + length
