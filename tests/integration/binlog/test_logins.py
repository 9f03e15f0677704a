"""Logins on real servers: TLS that is required, and MySQL's certificate for itself."""

from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.database.sql import SqlDatabase
from shared.values.errors import SourceError
from shared.values.source_endpoint import SourceEndpoint, parse

from .conftest import Source


def both(endpoint: SourceEndpoint) -> None:
    """Log in by both lanes."""
    open_binlog(endpoint, ["*.*"], 1).identity()
    with closing(SqlDatabase(endpoint)) as database:
        database.server()


@pytest.fixture
def encrypted(source: Source) -> Iterator[SourceEndpoint]:
    """An account that must use TLS."""
    user = source.name[:20]
    source.sql(f"CREATE USER '{user}'@'%%' IDENTIFIED BY 'secret-1' REQUIRE SSL")
    source.sql(f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '{user}'@'%%'")
    yield msgspec.structs.replace(parse(source.server.url), user=user, password="secret-1")
    source.sql(f"DROP USER '{user}'@'%%'")


def test_an_account_that_must_use_tls(source: Source, encrypted: SourceEndpoint) -> None:
    for lane in (lambda: open_binlog(encrypted, ["*.*"], 1).identity(), lambda: both(encrypted)):
        with pytest.raises(SourceError) as caught:
            lane()
        assert "REQUIRE SSL" in caught.value.hint
    authority = source.server.ca_certificate
    both(msgspec.structs.replace(encrypted, tls="verify-ca", ca_certificate=authority))


def test_the_certificate_that_mysql_made_for_itself(mysql_source: Source) -> None:
    endpoint = parse(mysql_source.server.url)
    authority = mysql_source.server.ca_certificate
    named = msgspec.structs.replace(endpoint, tls="verify", ca_certificate=authority)
    with pytest.raises(SourceError) as caught:
        both(named)
    assert "tls=verify-ca" in caught.value.hint
    both(msgspec.structs.replace(named, tls="verify-ca"))


def test_another_authority_is_refused(source: Source, mariadb_source: Source) -> None:
    if source.kind != "mysql":
        pytest.skip("one way round is enough")
    other = mariadb_source.server.ca_certificate
    endpoint = parse(source.server.url)
    with pytest.raises(SourceError, match="TLS"):
        both(msgspec.structs.replace(endpoint, tls="verify-ca", ca_certificate=other))
