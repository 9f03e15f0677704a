-- A session that logs statements logs those on its temporary table, whose name hides a table's.
-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
-- expect: a t {}
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
SET binlog_format = STATEMENT;
CREATE TEMPORARY TABLE a (id INT);
TRUNCATE a;
ALTER TABLE a ADD n INT NOT NULL;
INSERT INTO a VALUES (1, 1);
DROP TABLE a;
SET binlog_format = ROW;
INSERT INTO a VALUES (2);
TRUNCATE a;
