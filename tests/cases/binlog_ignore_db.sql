-- The rows of a database that the server does not log cannot be read: refused, with the setting.
-- servers: mariadb mysql
-- start: --binlog-ignore-db=k
-- error: Binlog_Ignore_DB
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
