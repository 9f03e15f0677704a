-- MySQL 5.7 empties a MEMORY table by such a DELETE. Of a table that is not captured it does not
-- matter.
-- servers: mariadb mysql
-- tables: k.t
-- expect: t c {"id": 1}
-- expect: t c {"id": 2}
CREATE TABLE cache (id INT PRIMARY KEY) ENGINE = MEMORY;
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
INSERT INTO cache VALUES (1);
SET binlog_format = STATEMENT;
DELETE FROM `k`.`cache`;
SET binlog_format = ROW;
INSERT INTO t VALUES (2);
