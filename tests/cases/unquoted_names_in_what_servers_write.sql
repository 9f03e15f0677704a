-- With sql_quote_show_create = 0 servers write names without quotes.
-- servers: mariadb mysql
-- charset: gbk
-- expect: 表 c {"id": 1}
-- expect: a c {"id": 1}
-- expect: a c {"id": 4}
SET sql_quote_show_create = 0;
CREATE TABLE 表 (PRIMARY KEY (id)) SELECT 1 AS id;
CREATE TABLE a (id INT PRIMARY KEY);
CREATE TEMPORARY TABLE x (id INT);
BEGIN;
INSERT INTO a VALUES (1);
SAVEPOINT s;
INSERT INTO a VALUES (2);
SAVEPOINT 表;
INSERT INTO a VALUES (3);
DROP TEMPORARY TABLE x;
ROLLBACK TO s;
INSERT INTO a VALUES (4);
COMMIT;
