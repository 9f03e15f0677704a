"""The servers of the local stage are the real ones, set up as Rowline needs them."""

import ssl
import urllib.error
import urllib.request

import boto3
import pymysql
import pytest


@pytest.fixture(params=["mariadb", "mysql"])
def server(request):
    return request.getfixturevalue(request.param)


def variables(connection, *names):
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"@@GLOBAL.{name}" for name in names))
        return cursor.fetchone()


def test_binlog_has_rows_with_full_images_and_metadata(server):
    with server.connect() as connection:
        found = variables(
            connection, "log_bin", "binlog_format", "binlog_row_image", "binlog_row_metadata"
        )
    assert found == (1, "ROW", "FULL", "FULL")


def test_reader_may_read_rows_and_binlog_and_nothing_else(server):
    if not hasattr(server, "kill"):
        pytest.skip("a server by URL has accounts of its own")
    with server.connect() as admin, admin.cursor() as cursor:
        cursor.execute("SHOW GRANTS FOR 'rowline'@'127.0.0.1'")
        (grant,) = (row[0].split(" ON ")[0] for row in cursor.fetchall())
    assert set(grant.removeprefix("GRANT ").split(", ")) in (
        {"SELECT", "REPLICATION SLAVE", "REPLICATION CLIENT"},
        {"SELECT", "REPLICATION SLAVE", "BINLOG MONITOR"},
    )
    with (
        server.connect(user="rowline") as reader,
        reader.cursor() as cursor,
        pytest.raises(pymysql.err.OperationalError, match="denied"),
    ):
        cursor.execute("CREATE DATABASE nope")


def test_accounts_stay_out_of_the_binlog(server):
    if not hasattr(server, "kill"):
        pytest.skip("a server by URL has a history of its own")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINLOG EVENTS IN 'bin.000001' LIMIT 40")
        assert not any(
            "rowline" in str(row[5]) and "USER" in str(row[5]) for row in cursor.fetchall()
        )


def test_nobody_gets_in_without_a_password(server):
    if not hasattr(server, "kill"):
        pytest.skip("not our server")
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        server.connect(password="")


def test_mariadb_of_ones_own_with_other_options(start_mariadb):
    server = start_mariadb("--skip-log-bin", "--binlog-row-image=MINIMAL")
    with server.connect() as connection:
        assert variables(connection, "log_bin", "binlog_row_image") == (0, "MINIMAL")
    server.restart("--log-bin-compress=1")
    with server.connect() as connection:
        assert variables(connection, "log_bin", "log_bin_compress") == (1, 1)


def test_mysql_of_ones_own_with_other_options(start_mysql):
    server = start_mysql("--binlog-transaction-compression=ON")
    with server.connect() as connection:
        assert variables(connection, "binlog_transaction_compression", "gtid_mode") == (1, "ON")


def test_two_servers_have_neither_an_identity_nor_a_key_in_common(mysql, start_mysql):
    """Their data folders are copies of one."""
    servers = mysql, start_mysql()
    names = set()
    for server in servers:
        with server.connect() as connection:
            names.add(variables(connection, "server_uuid"))
    assert len(names) == 2
    if hasattr(mysql, "kill"):
        assert servers[0].ca_certificate != servers[1].ca_certificate


def test_mariadb_certificate_is_verifiable(mariadb):
    context = ssl.create_default_context(cadata=mariadb.ca_certificate)
    with mariadb.connect(ssl=context) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        assert cursor.fetchone()[1]


def test_data_survive_kill_and_restart(start_mariadb):
    server = start_mariadb()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE TABLE shop.item (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO shop.item VALUES (1), (2)")
    pid, port = server.pid, server.port
    server.kill()
    assert server.pid is None
    server.start()
    assert (server.port, server.pid != pid) == (port, True)
    with server.connect("shop") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM item")
        assert cursor.fetchone() == (2,)


def test_elasticsearch_takes_documents_with_versions(elasticsearch):
    index = "/local-servers"
    elasticsearch.request(
        "PUT", f"{index}/_doc/1?version=7&version_type=external_gte&refresh=true", {"title": "lamp"}
    )
    with pytest.raises(urllib.error.HTTPError, match="409"):
        elasticsearch.request(
            "PUT", f"{index}/_doc/1?version=6&version_type=external_gte", {"title": "old"}
        )
    assert elasticsearch.request("GET", f"{index}/_doc/1")["_source"] == {"title": "lamp"}
    elasticsearch.request("DELETE", index)


def test_secured_elasticsearch_wants_tls_and_a_login(secured_elasticsearch):
    assert (
        secured_elasticsearch.request("GET", "/_security/_authenticate")["username"]
        == secured_elasticsearch.user
    )
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(secured_elasticsearch.url, timeout=5)
    trusting = ssl.create_default_context(cadata=secured_elasticsearch.ca_certificate)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(
            secured_elasticsearch.url + "/_cluster/health", timeout=5, context=trusting
        )


def test_elasticsearch_leaves_nothing_in_the_temporary_folder_of_the_machine(
    secured_elasticsearch,
):
    """Its launcher makes a folder and forgets it."""
    assert list((secured_elasticsearch.folder / "files/tmp").glob("final-flags*"))


def test_emulator_knows_the_root_user(aws):
    assert boto3.client("sts").get_caller_identity()["Arn"].endswith(":root")
