"""The catalog of the table: Glue, which knows the place of its present metadata."""

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchTableError, TableAlreadyExistsError
from pyiceberg.table import Table

from shared.adapters import aws
from shared.adapters.lake.changes_columns import ICEBERG
from shared.adapters.lake.contract import TABLE
from shared.adapters.lake.iceberg import properties
from shared.adapters.lake.iceberg.file_io import BotoFileIO


class IcebergCatalog(GlueCatalog):
    """The table `changes` of one database; its files lie below `location`."""

    def __init__(self, database: str, location: str) -> None:
        io = f"{BotoFileIO.__module__}.{BotoFileIO.__name__}"
        super().__init__("rowline", client=aws.client("glue"), **{"py-io-impl": io})
        self._name, self._location = (database, TABLE), location

    def load(self) -> Table:
        """The table as it is now; it is made the first time."""
        try:
            return self.load_table(self._name)
        except NoSuchTableError:
            pass
        try:
            return self.create_table(
                self._name, ICEBERG, location=self._location, properties=properties.TABLE
            )
        except TableAlreadyExistsError:  # somebody was faster
            return self.load_table(self._name)

    def _is_s3tables_database(self, database_name: str) -> bool:
        """Spares a request at each commit: the database is no bucket of S3 Tables."""
        return False
