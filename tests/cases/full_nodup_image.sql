-- An image without some columns is refused; what was read before is printed.
-- servers: mariadb
-- error: only some columns
-- expect: t c {"id": 1}
CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT);
INSERT INTO t VALUES (1, 1, 1);
SET binlog_row_image = FULL_NODUP;
UPDATE t SET a = 2;
