"""Filter check: whether a consumer's filter can be compared with the rows of its tables."""

from collections.abc import Iterator, Sequence

from shared.domain.received_table import ReceivedTable
from shared.domain.wanted_value import why_never_equal
from shared.values.did_you_mean import did_you_mean
from shared.values.finding import Finding
from shared.values.settings import ConsumerSettings


def check_filter(consumer: ConsumerSettings, tables: Sequence[ReceivedTable]) -> Iterator[Finding]:
    """Columns that one of the tables lacks, and values that a column never has."""
    stanza = f"consumers.{consumer.name}.filter"
    named = [
        *((f"{stanza}.{column}", column, True) for column in consumer.filter.values),
        *((f"{stanza}.changed", column, False) for column in consumer.filter.changed),
    ]
    for place, column, is_value in named:
        for table in tables:
            found = table.columns.get(column)
            if found is None:
                yield Finding(
                    place,
                    "fail",
                    f"names {column}, which is no column of {table.name}",
                    f"{did_you_mean(column, table.columns)}Correct it, or take it out.",
                    stanza=place,
                )
                break
            if is_value and found.kind == "json":
                yield Finding(
                    place,
                    "fail",
                    f"compares {column}, which holds JSON in {table.name}",
                    "Filter on another column; a generated column can hold one field of it.",
                    stanza=place,
                )
                break
            never = [
                why
                for one in consumer.filter.values.get(column, ())
                if is_value and (why := why_never_equal(one, found))
            ]
            if never:
                yield Finding(
                    place,
                    "fail",
                    f"{never[0].what}, so no row of {table.name} has it",
                    never[0].fix,
                    stanza=place,
                )
                break
