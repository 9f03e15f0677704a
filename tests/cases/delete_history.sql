-- servers: mariadb
-- expect: a c {"id": 1} {"id": 1, "v": 1}
-- expect: a u {"id": 1} {"id": 1, "v": 2}
-- expect: a c {"id": 3} {"id": 3, "v": 3}
CREATE TABLE a (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
INSERT INTO a VALUES (1, 1);
UPDATE a SET v = 2;
DELETE HISTORY FROM a;
SET binlog_format = STATEMENT;
DELETE HISTORY FROM a;
SET binlog_format = ROW;
INSERT INTO a VALUES (3, 3);
