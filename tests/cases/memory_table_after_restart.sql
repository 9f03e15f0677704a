-- The server empties a MEMORY table at the first use after a restart, and logs that.
-- servers: mariadb mysql
-- expect: cache c {"id": 1}
-- expect: t c {"id": 1}
-- expect: t c {"id": 2}
-- expect: cache t {}
-- expect: cache c {"id": 3}
CREATE TABLE cache (id INT PRIMARY KEY) ENGINE = MEMORY;
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO cache VALUES (1);
INSERT INTO t VALUES (1);
RESTART;
INSERT INTO t VALUES (2);
INSERT INTO cache VALUES (3);
