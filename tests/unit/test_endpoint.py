import pytest

from shared.values.errors import ConfigError
from shared.values.source_endpoint import SourceEndpoint, from_secret, parse


def test_url() -> None:
    assert parse("mysql://root:a%2Fb%40c@db.example.com:3307?ca=/etc/ca.pem") == SourceEndpoint(
        "db.example.com", 3307, "root", "a/b@c", "verify", "/etc/ca.pem"
    )


@pytest.mark.parametrize(
    ("host", "tls"),
    [
        ("127.0.0.1", "off"),
        ("localhost", "off"),
        ("[::1]", "off"),
        ("10.0.0.1", "verify"),
        ("db.internal", "verify"),
    ],
)
def test_tls_is_verified_except_on_this_machine(host: str, tls: str) -> None:
    assert parse(f"mariadb://u:p@{host}").tls == tls


def test_who_names_an_authority_wants_tls_on_this_machine_too() -> None:
    assert parse("mysql://u:p@127.0.0.1?ca=/etc/ca.pem").tls == "verify"


def test_each_part_of_a_url_may_be_quoted() -> None:
    endpoint = SourceEndpoint("::1", 3306, "ü ser", "p:/?#[]@", "verify", "/a b/ca.pem")
    login = "%C3%BC%20ser:p%3A%2F%3F%23%5B%5D%40"
    assert parse(f"mysql://{login}@[::1]:3306/?tls=verify&ca=%2Fa%20b%2Fca.pem") == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:hunter2@h",
        "mysql://:hunter2@h",
        "mysql://u:hunter2@",
        "mysql://u:hunter2@h/db",
        "mysql://u:hunter2@h:port",
        "mysql://u:hunter2@h?ssl=1",
        "mysql://u:hunter2@h?tls=maybe",
        "mysql://u:hun/ter2@h",
    ],
)
def test_errors_do_not_quote_the_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(url)
    assert "hunter2" not in str(caught.value)
    assert "ter2" not in str(caught.value)
    assert caught.value.hint


def test_password_is_in_no_representation() -> None:
    endpoint = parse("mysql://u:hunter2@h")
    assert "hunter2" not in f"{endpoint} {endpoint!r}"
    assert str(endpoint) == "u@h:3306"


def test_secret() -> None:
    secret = {"host": "h", "port": "3307", "username": "u", "password": "p", "engine": "mysql"}
    assert from_secret("shop", secret) == SourceEndpoint("h", 3307, "u", "p", "verify")
    assert from_secret("shop", secret | {"tls": "off"}).tls == "off"
    for entry in ("host", "username", "password"):
        with pytest.raises(ConfigError, match=entry):
            from_secret("shop", {k: v for k, v in secret.items() if k != entry})
