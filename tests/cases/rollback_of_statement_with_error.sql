-- A statement that fails half-way leaves nothing of itself in a transaction.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 4}
CREATE TABLE a (id INT PRIMARY KEY);
BEGIN;
INSERT INTO a VALUES (1);
-- fails
INSERT INTO a VALUES (2), (3), (1);
INSERT INTO a VALUES (4);
COMMIT;
