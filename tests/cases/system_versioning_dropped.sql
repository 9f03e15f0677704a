-- Of a system-versioned table the current rows alone, by the table's own key, with the columns of
-- SELECT *.
-- servers: mariadb
-- expect: t c {"id": 1} {"id": 1, "v": 1}
-- expect: t u {"id": 1} {"id": 1, "v": 2}
-- expect: t u {"id": 1} {"id": 1, "v": 3}
-- due: t
SET timestamp = 1700000000;
CREATE TABLE t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
INSERT INTO t VALUES (1, 1);
SET timestamp = 1700000100;
UPDATE t SET v = 2;
ALTER TABLE t DROP SYSTEM VERSIONING;
UPDATE t SET v = 3;
