"""What the archive's function does for privacy when it is asked, and how it answers."""

from collections.abc import Callable

import msgspec

from shared.flows.privacy.certifying import certificates
from shared.flows.privacy.erasable import alive, parked_of, reached
from shared.flows.privacy.erasing import erase, requested
from shared.flows.privacy.exporting import page
from shared.flows.privacy.person_rows import changes, snapshot_rows
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.privacy.related_rows import with_related
from shared.values.erasure import Erasure, Relation, Subject
from shared.values.errors import ConfigError
from shared.values.plain_answer import PlainAnswer, plain_answer


class KeptOfPerson(msgspec.Struct):
    """What is kept of a person. subjects: with other keys of the rows, and related tables.

    counts: place → how much. alive: table → keys whose deletion the archive has not seen.
    consumers: see `Erasure`.
    """

    subjects: list[Subject]
    counts: dict[str, int]
    alive: dict[str, int]
    consumers: dict[str, str]


def _find(setup: PrivacySetup, event: PlainAnswer) -> PlainAnswer:
    asked = msgspec.convert(event["subject"], Subject)
    related = msgspec.convert(event.get("related", []), list[Relation])
    subjects = with_related(setup, asked, related, alike=bool(event.get("alike")))
    counts = {
        "changes": sum(1 for each in subjects for _ in changes(setup, each, ["n"])),
        "snapshots": sum(1 for each in subjects for _ in snapshot_rows(setup, each)),
        "parked": sum(len(parked_of(setup, name, subjects)) for name in setup.consumers),
    }
    left = {each.full_name: len(alive(setup, each)) for each in subjects}
    told = {
        f"{name}: {each.full_name}": said
        for each in subjects
        for name, said in reached(setup, each).items()
    }
    return plain_answer(
        KeptOfPerson(subjects, counts, {name: count for name, count in left.items() if count}, told)
    )


def _export(setup: PrivacySetup, event: PlainAnswer) -> PlainAnswer:
    subjects = msgspec.convert(event["subjects"], list[Subject])
    return plain_answer(page(setup, subjects, int(event.get("skip", 0))))


def _erase(setup: PrivacySetup, event: PlainAnswer) -> PlainAnswer:
    erasure = msgspec.convert(event["erasure"], Erasure)
    held = {each.id: each for each in requested(setup)}
    erasure = held.get(erasure.id, erasure)
    for each in () if erasure.id in held else erasure.subjects:
        if keys := alive(setup, each):
            raise ConfigError(
                f"{len(keys)} of its rows are not deleted, as far as the archive knows.",
                thing=f"table {each.full_name}",
                hint="Delete them in the source first: they would come back.",
            )
    return plain_answer(erase(setup, erasure))


def _tend(setup: PrivacySetup, _event: PlainAnswer) -> PlainAnswer:
    return {"erasures": [plain_answer(erase(setup, each)) for each in requested(setup)]}


def _certificates(setup: PrivacySetup, _event: PlainAnswer) -> PlainAnswer:
    return {
        "certificates": [plain_answer(each) for each in certificates(setup)],
        "open": len(requested(setup)),
    }


WORK: dict[str, Callable[[PrivacySetup, PlainAnswer], PlainAnswer]] = {
    "privacy-find": _find,
    "privacy-export": _export,
    "privacy-erase": _erase,
    "privacy-tend": _tend,
    "privacy-certificates": _certificates,
}
"""By the `do` of an event."""
