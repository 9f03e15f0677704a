-- TRUNCATE is no part of the transaction that it ends, nor of one with temporary tables.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a t {}
-- expect: a c {"id": 3}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TEMPORARY TABLE scratch (id INT);
INSERT INTO a VALUES (1);
BEGIN;
INSERT INTO scratch VALUES (1);
INSERT INTO a VALUES (2);
TRUNCATE TABLE a;
ROLLBACK;
TRUNCATE TABLE scratch;
INSERT INTO a VALUES (3);
