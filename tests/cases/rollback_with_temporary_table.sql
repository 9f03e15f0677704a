-- MariaDB logs the transaction with its ROLLBACK, because it also made a temporary table.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 4}
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
BEGIN;
INSERT INTO a VALUES (2);
CREATE TEMPORARY TABLE scratch (x INT);
INSERT INTO a VALUES (3);
ROLLBACK;
INSERT INTO a VALUES (4);
