"""Parts of the stage that its user runs elsewhere: the stage only asks whether they answer."""

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pymysql

from local.install.distribution import Announce
from local.stage_record import StageRecord
from shared.values import source_endpoint
from shared.values.errors import RowlineError, SearchUnavailable, SourceUnavailable

VARIABLES = {
    "mariadb": "ROWLINE_SOURCE",
    "elasticsearch": "ROWLINE_ELASTICSEARCH",
    "emulator": "AWS_ENDPOINT_URL",
}
"""Each part of a stage, and the variable by which its user points it elsewhere."""


def chosen(
    environ: Mapping[str, str], stages: Mapping[str, StageRecord], announce: Announce | None = None
) -> dict[str, str]:
    """URLs of the parts that `environ` points elsewhere, by part.

    stages: The local stages of this checkout by name. The address of a server of theirs, which a
        shell carries after `rowline local env`, points nothing elsewhere.
    """
    found: dict[str, str] = {}
    for part, variable in VARIABLES.items():
        url = environ.get(variable, "")
        owners = [
            name
            for name, stage in stages.items()
            if part not in stage.elsewhere and stage.environment.get(variable) == url
        ]
        if url and not owners:
            found[part] = url
        elif url and announce:
            announce(f"{variable} is that of local stage {owners[0]}: it points nothing elsewhere")
    return found


def shown(url: str) -> str:
    """`url` without its login, for output."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def check(part: str, url: str) -> None:
    """Ask the part at `url` whether it answers. Raises RowlineError."""
    _CHECKS[part](url)


def _check_source(url: str) -> None:
    source = source_endpoint.parse(url)
    try:
        pymysql.connect(
            host=source.host,
            port=source.port,
            user=source.user,
            password=source.password,
            connect_timeout=5,
        ).close()
    except (pymysql.MySQLError, OSError) as error:
        raise SourceUnavailable(
            f"does not let Rowline in: {error.args[-1]}",
            thing=str(source),
            hint="ROWLINE_SOURCE names it; unset that to use the embedded database.",
        ) from None


def _check_search(url: str) -> None:
    _answers(
        url,
        SearchUnavailable,
        "ROWLINE_ELASTICSEARCH names it; unset that to use the embedded Elasticsearch.",
    )


def _check_aws(url: str) -> None:
    _answers(
        url, RowlineError, "AWS_ENDPOINT_URL names it; unset that to use the embedded emulator."
    )


_CHECKS: dict[str, Callable[[str], None]] = {
    "mariadb": _check_source,
    "elasticsearch": _check_search,
    "emulator": _check_aws,
}


def _answers(url: str, error_type: type[RowlineError], hint: str) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise RowlineError("is no http:// or https:// URL.", thing=shown(url), hint=hint)
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 the scheme is checked above
    except urllib.error.HTTPError:
        pass  # it answers: whether it lets us in is a matter of its login
    except (urllib.error.URLError, OSError) as error:
        raise error_type(
            f"does not answer: {getattr(error, 'reason', error)}", thing=shown(url), hint=hint
        ) from None
