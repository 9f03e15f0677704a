"""Certifying: decides when an erasure is complete, and writes its certificate."""

import msgspec

from shared.flows.privacy import erasure_progress
from shared.flows.privacy.erasing_outside_archive import results
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.privacy.unreferenced_files import GRACE_MS
from shared.values.erasure import Certificate, Erasure


def certify(setup: PrivacySetup, erasure: Erasure) -> Certificate | None:
    """Certify an erasure whose steps are done; None while old objects may hold its rows.

    The certificate is stored once no object that nothing refers to is older than the sweep, and no
    former version of an object is left. Raises TimeIsOver.
    """
    if erasure.certificate is None:
        if _has_old_objects(setup, erasure.swept_ms):
            return None
        # A query may have read the rows while they were removed.
        erasure = results(setup, erasure)
        erasure = msgspec.structs.replace(erasure, certificate=_certified(setup, erasure))
        erasure = msgspec.structs.replace(erasure, subjects=())
        erasure_progress.store(setup, erasure)
    assert erasure.certificate
    versions = sum(
        each.remove(lambda: erasure_progress.require_time(setup)) for each in setup.former
    )
    removed = erasure.certificate.removed | ({"versions": versions} if versions else {})
    certificate = msgspec.structs.replace(erasure.certificate, removed=removed)
    setup.certificates.put(f"{erasure.id}.json", msgspec.json.encode(certificate))
    setup.requests.delete([f"{erasure.id}.json"])
    return certificate


def certificates(setup: PrivacySetup) -> list[Certificate]:
    """What was certified, oldest first."""
    bodies = [setup.certificates.get(each.name) for each in list(setup.certificates.list())]
    return [msgspec.json.decode(each, type=Certificate) for each in bodies if each is not None]


def _has_old_objects(setup: PrivacySetup, swept_ms: int) -> bool:
    """Whether objects that nothing refers to may be from before the sweep."""
    lake, table = setup.archive.lake, setup.snapshots.table
    old = setup.archive.now_ms() - GRACE_MS
    lake.vacuum(old)
    table.tidy(old, old)
    return any(at_ms <= swept_ms for at_ms in (*lake.unreferenced(), *table.unreferenced()))


def _certified(setup: PrivacySetup, erasure: Erasure) -> Certificate:
    return Certificate(
        erasure.id,
        erasure.by,
        erasure.began_ms,
        setup.archive.now_ms(),
        {each.full_name: len(each.keys) for each in erasure.subjects},
        erasure.removed,
        erasure.consumers,
        erasure.remains,
    )
