-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- error: binlog_row_image
SET SESSION binlog_row_image = MINIMAL;
CREATE TABLE a (id INT PRIMARY KEY, v INT, w INT);
INSERT INTO a VALUES (1, 1, 1);
UPDATE a SET v = 2;
