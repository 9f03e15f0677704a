-- Servers write names of savepoints with the quotes of the session.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 5}
SET sql_mode = 'ANSI_QUOTES';
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TEMPORARY TABLE x (id INT);
BEGIN;
INSERT INTO a VALUES (1);
SAVEPOINT "表 s";
INSERT INTO a VALUES (2);
SAVEPOINT "t""t";
INSERT INTO a VALUES (3);
DROP TEMPORARY TABLE x;
ROLLBACK TO "表 s";
INSERT INTO a VALUES (5);
COMMIT;
