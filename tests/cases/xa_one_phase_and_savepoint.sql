-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 3}
SET sql_mode = 'ANSI_QUOTES';
CREATE TABLE a (id INT PRIMARY KEY);
XA START 'x';
INSERT INTO a VALUES (1);
SAVEPOINT s;
INSERT INTO a VALUES (2);
ROLLBACK TO s;
INSERT INTO a VALUES (3);
XA END 'x';
XA COMMIT 'x' ONE PHASE;
