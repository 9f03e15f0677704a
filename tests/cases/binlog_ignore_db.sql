-- The rows of a database that the server does not log cannot be read: refused, with the setting.
-- servers: mariadb mysql
-- not yet: mariadb the setting is not looked at
-- not yet: mysql the setting is not looked at
-- start: --binlog-ignore-db=k
-- error: Binlog_Ignore_DB
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
