"""A login that is refused names what is wrong with it, and TLS is as the endpoint says."""

import ssl

import pymysql
import pytest

from shared.adapters.refused_login import refused_login
from shared.adapters.source_tls import tls_options
from shared.values.errors import ConfigError
from shared.values.source_endpoint import from_secret, parse

PLAIN = parse("mysql://u:hunter2@db.example.com?tls=off")
VERIFIED = parse("mysql://u:hunter2@db.example.com")


@pytest.mark.parametrize(
    ("error", "says", "hint"),
    [
        (
            pymysql.err.OperationalError(2059, "Authentication plugin 'b'parsec'' not configured"),
            "logs in by parsec, which is not supported",
            "mysql_native_password",
        ),
        (
            RuntimeError("'pynacl' package is required for ed25519_password auth method"),
            "ed25519, which needs the package PyNaCl",
            "mysql_native_password",
        ),
        (
            RuntimeError("'cryptography' package is required for sha256_password or …"),
            "cannot log in without TLS",
            "leave out tls=off",
        ),
        (
            pymysql.err.OperationalError(3159, "Connections using insecure transport …"),
            "refuses this account",
            "takes no connection without TLS",
        ),
        (pymysql.err.OperationalError(4151, "account is locked"), "refuses", "locked"),
    ],
)
def test_a_refused_login_names_what_is_wrong(error: Exception, says: str, hint: str) -> None:
    found = refused_login(error, PLAIN)
    assert found is not None
    assert says in found.what
    assert hint in found.hint
    assert str(PLAIN) in str(found)
    assert "hunter2" not in str(found)


def test_a_denied_account_may_lack_tls_only_where_there_is_none() -> None:
    denied = pymysql.err.OperationalError(1045, "Access denied for user 'u'@'h'")
    plain, verified = refused_login(denied, PLAIN), refused_login(denied, VERIFIED)
    assert plain is not None
    assert verified is not None
    assert "REQUIRE SSL" in plain.hint
    assert "REQUIRE SSL" not in verified.hint
    assert refused_login(pymysql.err.OperationalError(2013, "Lost connection"), PLAIN) is None


def test_a_login_without_a_password_is_told_to_give_one() -> None:
    denied = pymysql.err.OperationalError(1045, "Access denied for user 'u'@'h'")
    found = refused_login(denied, parse("mysql://u@db.example.com?tls=off"))
    assert found is not None
    assert found.hint == "No password was given. Put it into the URL or the secret."


def test_tls_checks_what_the_endpoint_says() -> None:
    assert tls_options(PLAIN) == {"ssl_disabled": True}
    context = tls_options(VERIFIED)["ssl"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_an_authority_alone_is_checked_only_where_it_is_named() -> None:
    with pytest.raises(ConfigError, match="names no authority"):
        parse("mysql://u:p@h?tls=verify-ca")
    secret = {"host": "h", "username": "u", "password": "p", "tls": "verify-ca"}
    with pytest.raises(ConfigError, match="names no authority"):
        from_secret("s", secret)
    assert from_secret("s", {**secret, "ca_certificate": "PEM"}).tls == "verify-ca"
    assert parse("mysql://u:p@h?tls=verify-ca&ca=/x").tls == "verify-ca"
    with pytest.raises(ConfigError, match="cannot be read as certificates"):
        tls_options(parse("mysql://u:p@h?tls=verify-ca&ca=/nothing.pem"))
