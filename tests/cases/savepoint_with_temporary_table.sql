-- MariaDB logs ROLLBACK TO, and the rows before it, where the transaction also used a temporary
-- table.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 3}
-- expect: a u {"id": 1} {"id": 1, "v": 9}
-- expect: a d {"id": 3}
CREATE TABLE a (id INT PRIMARY KEY, v INT);
CREATE TEMPORARY TABLE scratch (x INT);
BEGIN;
INSERT INTO a VALUES (1, 0);
SAVEPOINT one;
INSERT INTO a VALUES (2, 0);
UPDATE a SET v = 5;
DROP TEMPORARY TABLE scratch;
ROLLBACK TO one;
INSERT INTO a VALUES (3, 0);
SAVEPOINT two;
DELETE FROM a;
ROLLBACK TO SAVEPOINT two;
UPDATE a SET v = 9 WHERE id = 1;
DELETE FROM a WHERE id = 3;
COMMIT;
