"""Parts of the stage that its user runs elsewhere: nothing is started, only asked whether it
answers.
"""

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pymysql

from shared.values import endpoint
from shared.values.errors import RowlineError, SearchUnavailable, SourceUnavailable


def shown(url: str) -> str:
    """`url` without its login, for output."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def check_source(url: str) -> None:
    """Log in to the database at `url` (ROWLINE_SOURCE). Raises SourceUnavailable, or ConfigError
    for a URL that cannot be read.
    """
    source = endpoint.parse(url)
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


def check_search(url: str) -> None:
    """Ask Elasticsearch at `url` (ROWLINE_ELASTICSEARCH) for anything. Raises SearchUnavailable."""
    _answers(
        url,
        SearchUnavailable,
        "ROWLINE_ELASTICSEARCH names it; unset that to use the embedded Elasticsearch.",
    )


def check_aws(url: str) -> None:
    """Ask the endpoint at `url` (AWS_ENDPOINT_URL) for anything. Raises RowlineError."""
    _answers(
        url, RowlineError, "AWS_ENDPOINT_URL names it; unset that to use the embedded emulator."
    )


def _answers(url: str, error_type: type[RowlineError], hint: str) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise RowlineError("is no http:// or https:// URL.", thing=shown(url), hint=hint)
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 the scheme is checked above
    except urllib.error.HTTPError:
        pass  # it answers: whether it lets us in is the business of who talks to it
    except (urllib.error.URLError, OSError) as error:
        raise error_type(
            f"does not answer: {getattr(error, 'reason', error)}", thing=shown(url), hint=hint
        ) from None
