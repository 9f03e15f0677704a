-- servers: mariadb mysql
-- expect: a c {"id": 1}
-- expect: a c {"id": 2}
CREATE TABLE a (id INT PRIMARY KEY);
INSERT INTO a VALUES (1);
CREATE TABLE IF NOT EXISTS a (PRIMARY KEY (id)) SELECT 7 AS id;
CREATE TABLE k2.b (id INT);
CREATE TABLE IF NOT EXISTS a LIKE k2.b;
DROP TABLE IF EXISTS k2.a;
INSERT INTO a VALUES (2);
