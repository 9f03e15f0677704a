-- A savepoint that is set again takes the place of the former one.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a c {"id": 6}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TEMPORARY TABLE x (id INT);
BEGIN;
INSERT INTO a VALUES (1);
SAVEPOINT s;
INSERT INTO a VALUES (2);
SAVEPOINT `S`;
INSERT INTO a VALUES (3);
SAVEPOINT t;
DROP TEMPORARY TABLE x;
INSERT INTO a VALUES (4);
ROLLBACK TO t;
INSERT INTO a VALUES (5);
ROLLBACK TO s;
INSERT INTO a VALUES (6);
COMMIT;
