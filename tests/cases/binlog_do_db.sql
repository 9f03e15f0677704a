-- As with Binlog_Ignore_DB: what is not named is not logged.
-- servers: mariadb mysql
-- start: --binlog-do-db=k2
-- error: Binlog_Do_DB
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
