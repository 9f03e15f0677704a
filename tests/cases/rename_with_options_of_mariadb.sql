-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: b t {}
-- due: b c
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
RENAME TABLES IF EXISTS a WAIT 5 TO b;
ALTER ONLINE TABLE b WAIT 3 COMMENT 'x', RENAME = c;
