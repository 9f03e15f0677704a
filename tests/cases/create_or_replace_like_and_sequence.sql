-- servers: mariadb
-- expect: a c {"id": 1}
-- expect: a t {}
-- expect: a c {"id": 2}
-- expect: nothing t {}
-- expect: a t {}
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TABLE k2.b (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
CREATE OR REPLACE TABLE a LIKE k2.b;
INSERT INTO a VALUES (2);
DROP TABLE IF EXISTS nothing, a;
CREATE SEQUENCE a;
SELECT NEXTVAL(a);
ALTER SEQUENCE a RESTART 50;
SELECT NEXTVAL(a);
RENAME TABLE a TO c;
DROP SEQUENCE c;
