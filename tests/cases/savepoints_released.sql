-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a c {"id": 3}
-- expect: a d {"id": 3}
-- expect: a c {"id": 5}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TEMPORARY TABLE x (id INT);
BEGIN;
INSERT INTO a VALUES (1);
SAVEPOINT s1;
INSERT INTO a VALUES (2);
SAVEPOINT s2;
INSERT INTO x VALUES (1);
INSERT INTO a VALUES (3);
RELEASE SAVEPOINT s2;
DROP TEMPORARY TABLE x;
SAVEPOINT s3;
INSERT INTO a VALUES (4);
ROLLBACK TO s3;
DELETE FROM a WHERE id = 3;
INSERT INTO a VALUES (5);
COMMIT;
