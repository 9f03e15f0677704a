"""Own code check: whether a consumer's upcasters and mapping can be imported."""

from collections.abc import Iterator

from shared.adapters.own_code import MissingModule, load
from shared.values.errors import ConfigError
from shared.values.finding import Finding
from shared.values.settings import ConsumerSettings


def check_own_code(consumer: ConsumerSettings) -> Iterator[Finding]:
    """Code that cannot be imported. A package that is missing here may be in the function."""
    stanza = f"consumers.{consumer.name}"
    references = [
        (f"{stanza}.upcasters.{table}.{version}", reference)
        for table, steps in consumer.upcasters.items()
        for version, reference in steps.items()
    ]
    if consumer.mapping:
        references.append((f"{stanza}.mapping", consumer.mapping))
    for place, reference in references:
        try:
            load(reference, place)
        except MissingModule as error:
            yield Finding(place, "warn", error.what.rstrip("."), error.hint)
        except ConfigError as error:
            yield Finding(place, "fail", error.what.rstrip("."), error.hint, stanza=place)
