-- MariaDB keeps UNIQUE over a TEXT by a hidden column, which stands in the binlog.
-- servers: mariadb
-- expect: t c {"id": 1} {"id": 1, "body": "x"}
-- expect: t u {"id": 1} {"id": 1, "body": "y"}
-- expect: t d {"id": 1}
CREATE TABLE t (id INT PRIMARY KEY, body TEXT, UNIQUE (body));
INSERT INTO t VALUES (1, 'x');
UPDATE t SET body = 'y';
DELETE FROM t;
