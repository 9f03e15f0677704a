-- What was rolled back before XA PREPARE does not come with XA COMMIT.
-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a c {"id": 3}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TEMPORARY TABLE x (id INT);
XA START 'one';
INSERT INTO a VALUES (1);
SAVEPOINT s;
INSERT INTO a VALUES (2);
DROP TEMPORARY TABLE x;
ROLLBACK TO s;
INSERT INTO a VALUES (3);
XA END 'one';
XA PREPARE 'one';
XA COMMIT 'one';
