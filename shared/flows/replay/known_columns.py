"""Known columns: those that the tables of a replay have, or had."""

from collections.abc import Sequence

from shared.domain.change_where import ChangeWhere
from shared.values.did_you_mean import did_you_mean
from shared.values.errors import ConfigError
from shared.values.table import Table


def require_columns(where: ChangeWhere, versions: Sequence[Table]) -> None:
    """Raises ConfigError for a condition on a column that none of these tables ever had.

    It would hold for no change, and nobody would know why. versions: empty where none is known.
    """
    known = {column.name: None for version in versions for column in version.columns}
    for field in where.columns if known else ():
        side, _, name = field.partition(".")
        column = name if side in ("before", "after") and name else field
        if column not in known and field not in known:
            tables = ", ".join(dict.fromkeys(version.full_name for version in versions))
            raise ConfigError(
                f"names {field}, which is no column of {tables}.",
                thing="--where",
                hint=f"{did_you_mean(column, known)}Its columns are {', '.join(known)}.",
            )
