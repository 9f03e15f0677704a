-- Behind bin.999999 comes bin.1000000, which sorts before it as text.
-- servers: mariadb mysql
-- start: --skip-name-resolve
-- from: earliest
-- expect: t c {"id": 1}
-- expect: t c {"id": 2}
-- expect: t c {"id": 3}
CREATE TABLE t (id INT PRIMARY KEY);
-- only: mariadb
RESET MASTER TO 999998;
-- only: mysql
RESET BINARY LOGS AND GTIDS TO 999998;
INSERT INTO t VALUES (1);
FLUSH BINARY LOGS;
FLUSH BINARY LOGS;
INSERT INTO t VALUES (2);
FLUSH BINARY LOGS;
INSERT INTO t VALUES (3);
