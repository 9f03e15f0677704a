"""Referenced files: everything that a table needs; the rest of its folder may be removed."""

from pyiceberg.table import Table

from shared.adapters.archive_table.contract import LEDGER_PROPERTY


def locations(table: Table) -> set[str]:
    """The locations that the present metadata and its snapshots need."""
    found = {table.metadata_location, table.properties.get(LEDGER_PROPERTY, "")}
    found.update(entry.metadata_file for entry in table.metadata.metadata_log)
    seen: set[str] = set()
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        if snapshot.summary is not None:
            found.add(snapshot.summary.get(LEDGER_PROPERTY) or "")
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
                found.add(entry.data_file.file_path)
    return found | seen
