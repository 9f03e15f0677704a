-- Rows of a table without transactions stay, those of the others do not.
-- servers: mariadb
-- expect: m c {"id": 1}
-- expect: m c {"id": 2}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM;
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO m VALUES (1);
CREATE TEMPORARY TABLE x (id INT);
INSERT INTO a VALUES (2);
INSERT INTO m VALUES (2);
ROLLBACK;
